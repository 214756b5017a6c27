// Responses in the records: shared by every gateway, removed when their time is over.
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import { MOST_TURNS, type ResponseStore, type StoredResponse } from './port.ts';

/** Rows that one statement removes. */
const SWEPT_AT_ONCE = 500;
const LONGEST_WAIT_MS = 24 * 3_600_000;
const SHORTEST_WAIT_MS = 60_000;

interface Row {
  id: string;
  owner: string;
  previous_id: string | null;
  deployment_id: string;
  input: string | null;
  response: string | null;
}

export interface RecordedResponses extends ResponseStore {
  /** Removes what is over; runs by itself when the next one is due. */
  sweep(): Promise<number>;
  close(): void;
}

/** The store; sweeping sleeps while nothing is due, so that an idle database can rest. */
export function createResponseStore({ records, log }: { records: Records; log: Log }): RecordedResponses {
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  function wakeIn(ms: number): void {
    if (closed) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void store.sweep().catch((error: unknown) => retry(error)), Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, ms)));
    timer.unref();
  }

  function retry(error: unknown): void {
    log.warn('responses whose time is over could not be removed: tried again', { error });
    wakeIn(SHORTEST_WAIT_MS);
  }

  const store: RecordedResponses = {
    async keep(response) {
      const { id, owner, previousId, deploymentId, content, expiresAtMs } = response;
      const sizeBytes = content === null ? 0 : Buffer.byteLength(content.input) + Buffer.byteLength(content.response);
      const expiresAt = new Date(expiresAtMs);
      await records.query(sql`
        WITH RECURSIVE earlier AS (
          SELECT id, previous_id, 1 AS depth FROM stored_responses WHERE id = ${previousId} AND owner = ${owner}
          UNION ALL
          SELECT stored.id, stored.previous_id, depth + 1 FROM stored_responses stored JOIN earlier ON stored.id = earlier.previous_id
          WHERE stored.owner = ${owner} AND depth < ${MOST_TURNS}
        ), longer AS (
          UPDATE stored_responses SET expires_at = ${expiresAt} WHERE id IN (SELECT id FROM earlier) AND expires_at < ${expiresAt}
        )
        INSERT INTO stored_responses (id, owner, previous_id, deployment_id, input, response, size_bytes, expires_at)
        VALUES (${id}, ${owner}, ${previousId}, ${deploymentId}, ${content?.input ?? null}, ${content?.response ?? null}, ${sizeBytes}, ${expiresAt})
        ON CONFLICT (id) DO NOTHING`);
      if (timer === null) wakeIn(expiresAtMs - Date.now());
    },
    async find(id, owner) {
      const rows = await records.query<Row>(sql`
        SELECT id, owner, previous_id, deployment_id, input, response FROM stored_responses WHERE id = ${id} AND owner = ${owner} AND expires_at > now()`);
      return rows[0] === undefined ? null : responseOf(rows[0]);
    },
    async conversation(id, owner, maxBytes) {
      // Sizes before contents: what is too much is never read.
      const turns = await records.query<{ id: string; previous_id: string | null; size_bytes: number }>(sql`
        WITH RECURSIVE turns AS (
          SELECT id, previous_id, size_bytes, 1 AS depth FROM stored_responses WHERE id = ${id} AND owner = ${owner} AND expires_at > now()
          UNION ALL
          SELECT stored.id, stored.previous_id, stored.size_bytes, depth + 1 FROM stored_responses stored JOIN turns ON stored.id = turns.previous_id
          WHERE stored.owner = ${owner} AND stored.expires_at > now() AND depth <= ${MOST_TURNS}
        )
        SELECT id, previous_id, size_bytes FROM turns ORDER BY depth DESC`);
      if (turns.length > MOST_TURNS || turns.reduce((sum, turn) => sum + turn.size_bytes, 0) > maxBytes) throw tooLong();
      if (turns.length === 0 || turns[0]?.previous_id !== null) return null;
      const ids = turns.map((turn) => turn.id);
      const rows = await records.query<Row>(sql`
        SELECT id, owner, previous_id, deployment_id, input, response FROM stored_responses WHERE id = ANY(${ids}) AND owner = ${owner}`);
      const byId = new Map(rows.map((row) => [row.id, responseOf(row)]));
      return byId.size === ids.length ? ids.map((turn) => byId.get(turn) as StoredResponse) : null;
    },
    async remove(id, owner) {
      const rows = await records.query(sql`DELETE FROM stored_responses WHERE id = ${id} AND owner = ${owner} AND expires_at > now() RETURNING id`);
      return rows.length > 0;
    },
    async sweep() {
      timer = null;
      let swept = 0;
      for (let last = SWEPT_AT_ONCE; last === SWEPT_AT_ONCE; swept += last) {
        const rows = await records.query(sql`
          DELETE FROM stored_responses WHERE id IN (SELECT id FROM stored_responses WHERE expires_at <= now() LIMIT ${SWEPT_AT_ONCE}) RETURNING id`);
        last = rows.length;
      }
      const [next] = await records.query<{ due: Date | null }>(sql`SELECT min(expires_at) AS due FROM stored_responses`);
      if (next?.due) wakeIn(next.due.getTime() - Date.now());
      return swept;
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
  wakeIn(0);
  return store;
}

function responseOf({ id, owner, previous_id, deployment_id, input, response }: Row): StoredResponse {
  return { id, owner, previousId: previous_id, deploymentId: deployment_id, content: input === null || response === null ? null : { input, response } };
}

/** The conversation is more than one call may carry. */
export function tooLong(): AppError {
  const message = 'The stored conversation is longer than one call may be: begin a new one with a summary in "input".';
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'previous_response_id' });
}
