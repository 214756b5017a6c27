// Deletions as the records keep them: asked for, hidden, purged, gone; a receipt is one row of this.
import { randomUUID } from 'node:crypto';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

/** Told when a deletion is asked for. */
export const DELETIONS_CHANNEL = 'genai_deletions';

export type DeletionKind = 'traces' | 'score' | 'project';

export interface DeletionRequest {
  projectId: string;
  kind: DeletionKind;
  subjects: readonly string[];
  acceptedUpTo?: bigint;
}

export interface DeletionRow {
  id: string;
  project_id: string;
  kind: DeletionKind;
  subjects: string[];
  requested_at: Date;
  accepted_up_to: string | null;
  hidden_at: Date | null;
  hidden_sequence: string | null;
  entity_ids: string[];
  purged_at: Date | null;
  archived_at: Date | null;
  gone_at: Date | null;
  counts: Record<string, number>;
  bytes: string;
}

const COLUMNS = sql`id, project_id, kind, subjects, requested_at, accepted_up_to, hidden_at, hidden_sequence, entity_ids, purged_at, archived_at, gone_at, counts, bytes`;

/** Writes the request down and returns its id: from here on it is done whatever happens. */
export async function requestDeletion(session: RecordsSession, request: DeletionRequest): Promise<string> {
  const id = randomUUID();
  await session.query(sql`
    INSERT INTO deletions (id, organization_id, project_id, kind, subjects, accepted_up_to)
    VALUES (${id}, coalesce((SELECT organization_id FROM projects WHERE id = ${request.projectId}), ''), ${request.projectId}, ${request.kind},
      ${[...request.subjects]}::text[], ${request.acceptedUpTo === undefined ? null : String(request.acceptedUpTo)})`);
  return id;
}

export async function deletionById(session: RecordsSession, id: string): Promise<DeletionRow | null> {
  const [row] = await session.query<DeletionRow>(sql`SELECT ${COLUMNS} FROM deletions WHERE id = ${id}`);
  return row ?? null;
}

/** Deletions that still have something to do, the oldest first. */
export async function openDeletions(session: RecordsSession, limit: number): Promise<DeletionRow[]> {
  return await session.query<DeletionRow>(sql`SELECT ${COLUMNS} FROM deletions WHERE gone_at IS NULL ORDER BY requested_at, id LIMIT ${limit}`);
}

export async function noteHidden(session: RecordsSession, id: string, sequence: bigint): Promise<void> {
  await session.query(sql`
    UPDATE deletions SET hidden_at = coalesce(hidden_at, now()), hidden_sequence = greatest(hidden_sequence, ${String(sequence)}::numeric) WHERE id = ${id}`);
}

export interface Removed {
  counts: Readonly<Record<string, number>>;
  bytes: number;
}

/** Adds what was removed, and notes that a step is done. */
export async function noteStep(
  session: RecordsSession,
  id: string,
  step: 'purged' | 'archived' | 'gone',
  removed: Removed = { counts: {}, bytes: 0 },
): Promise<void> {
  const { counts, bytes } = removed;
  await session.query(sql`
    UPDATE deletions SET bytes = bytes + ${bytes},
      counts = counts || (SELECT coalesce(jsonb_object_agg(name, coalesce((counts ->> name)::bigint, 0) + value::bigint), '{}') FROM jsonb_each_text(${JSON.stringify(counts)}::jsonb) AS added (name, value)),
      purged_at = CASE WHEN ${step} = 'purged' THEN now() ELSE purged_at END,
      archived_at = CASE WHEN ${step} = 'archived' THEN now() ELSE archived_at END,
      gone_at = CASE WHEN ${step} = 'gone' THEN now() ELSE gone_at END,
      entity_ids = CASE WHEN ${step} = 'gone' THEN '{}' ELSE entity_ids END
    WHERE id = ${id}`);
}

export async function keepEntityIds(session: RecordsSession, id: string, entityIds: readonly string[]): Promise<void> {
  await session.query(sql`UPDATE deletions SET entity_ids = ${[...entityIds]}::text[] WHERE id = ${id}`);
}

/** Events of deleted traces came afterwards: they were left out of the rows, and the journal up to here has to be cleaned again. */
export async function noteLate(session: RecordsSession, projectId: string, traceIds: readonly string[], sequence: bigint): Promise<void> {
  await session.query(sql`
    UPDATE deletions SET archived_at = NULL, gone_at = NULL, hidden_sequence = greatest(hidden_sequence, ${String(sequence)}::numeric)
    WHERE project_id = ${projectId} AND kind = 'traces' AND subjects && ${[...traceIds]}::text[]`);
}

export type ReceiptOwner = { projectId: string } | { organizationId: string };

/** A page of receipts, the newest first. */
export async function listDeletions(
  session: RecordsSession,
  owner: ReceiptOwner,
  page: { page: number; limit: number },
): Promise<{ rows: DeletionRow[]; total: number }> {
  const whose = 'projectId' in owner ? sql`project_id = ${owner.projectId}` : sql`organization_id = ${owner.organizationId}`;
  const rows = await session.query<DeletionRow>(sql`
    SELECT ${COLUMNS} FROM deletions WHERE ${whose} ORDER BY requested_at DESC, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM deletions WHERE ${whose}`);
  return { rows, total: Number(count?.total ?? 0) };
}
