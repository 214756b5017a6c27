// Receivers in the records: addresses sealed at rest, opened only for the message that needs them.
import { randomUUID } from 'node:crypto';
import type { Sealer } from '#lib/sealed.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Language } from './messages.ts';
import type { ReceiverBody, ReceiverKind } from './schema.ts';

export interface ReceiverRow {
  id: string;
  project_id: string;
  name: string;
  kind: ReceiverKind;
  sealed_target: string;
  display: string;
  language: Language;
  last_sent_at: Date | null;
  last_error: string | null;
  last_error_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** Where messages go, opened. */
export type Target =
  | { kind: 'webhook'; url: string; secret: string | null; headers: Readonly<Record<string, string>> }
  | { kind: 'slack' | 'teams'; url: string }
  | { kind: 'email'; to: readonly string[] };

const COLUMNS = sql`id, project_id, name, kind, sealed_target, display, language, last_sent_at, last_error, last_error_at, created_at, updated_at`;
const purpose = (id: string): string => `alert-receiver:${id}`;

/** What may be shown: the host of an address (its path is a secret of Slack and Teams), the addresses of mails. */
function displayOf(target: Target): string {
  return target.kind === 'email' ? target.to.join(', ') : `${new URL(target.url).host}/…`;
}

function targetOf(body: ReceiverBody, kept: Target | null): Target {
  switch (body.kind) {
    case 'webhook': {
      const old = kept?.kind === 'webhook' ? kept : null;
      return {
        kind: 'webhook',
        url: body.url,
        secret: body.secret === undefined ? (old?.secret ?? null) : body.secret,
        headers: body.headers ?? old?.headers ?? {},
      };
    }
    case 'email':
      return { kind: 'email', to: body.to };
    default:
      return { kind: body.kind, url: body.url };
  }
}

/** Writes a receiver; `now` is the one that is changed. */
export async function putReceiver(
  session: RecordsSession,
  sealer: Sealer,
  wished: { projectId: string; body: ReceiverBody; now: ReceiverRow | null },
): Promise<ReceiverRow> {
  const { projectId, body, now } = wished;
  const id = now?.id ?? randomUUID();
  const target = targetOf(body, now === null ? null : openTarget(sealer, now));
  const [row] = await session.query<ReceiverRow>(sql`
    INSERT INTO alert_receivers (id, project_id, name, kind, sealed_target, display, language)
    VALUES (${id}, ${projectId}, ${body.name}, ${body.kind}, ${sealer.seal(JSON.stringify(target), purpose(id))}, ${displayOf(target)}, ${body.language})
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, sealed_target = excluded.sealed_target, display = excluded.display,
      language = excluded.language, last_error = NULL, last_error_at = NULL, updated_at = now()
    RETURNING ${COLUMNS}`);
  return row as ReceiverRow;
}

/** @throws AppError 500 when another instance secret sealed it. */
export function openTarget(sealer: Sealer, row: Pick<ReceiverRow, 'id' | 'sealed_target'>): Target {
  return JSON.parse(sealer.open(row.sealed_target, purpose(row.id))) as Target;
}

export async function receiverById(session: RecordsSession, projectId: string, id: string): Promise<ReceiverRow | null> {
  const rows = await session.query<ReceiverRow>(sql`SELECT ${COLUMNS} FROM alert_receivers WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

export async function listReceivers(
  session: RecordsSession,
  projectId: string,
  page: { page: number; limit: number },
): Promise<{ rows: ReceiverRow[]; total: number }> {
  const rows = await session.query<ReceiverRow>(sql`
    SELECT ${COLUMNS} FROM alert_receivers WHERE project_id = ${projectId} ORDER BY name, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  return { rows, total: await countReceivers(session, projectId) };
}

export async function countReceivers(session: RecordsSession, projectId: string): Promise<number> {
  const [row] = await session.query<{ count: string }>(sql`SELECT count(*) AS count FROM alert_receivers WHERE project_id = ${projectId}`);
  return Number(row?.count ?? 0);
}

/** Which of the ids are receivers of the project; they stay until the transaction ends. */
export async function knownReceivers(session: RecordsSession, projectId: string, ids: readonly string[]): Promise<string[]> {
  const rows = await session.query<{ id: string }>(
    sql`SELECT id FROM alert_receivers WHERE project_id = ${projectId} AND id = ANY (${[...ids]}::text[]) ORDER BY id FOR KEY SHARE`,
  );
  return rows.map(({ id }) => id);
}

/** To be called in a transaction. 'used' = a rule names it and it stays. */
export async function deleteReceiver(session: RecordsSession, projectId: string, id: string): Promise<'deleted' | 'used' | 'absent'> {
  const found = await session.query(sql`SELECT id FROM alert_receivers WHERE project_id = ${projectId} AND id = ${id} FOR UPDATE`);
  if (found.length === 0) return 'absent';
  const used = await session.query(sql`SELECT id FROM alert_rules WHERE project_id = ${projectId} AND ${id} = ANY (receiver_ids) LIMIT 1`);
  if (used.length > 0) return 'used';
  await session.query(sql`DELETE FROM alert_receivers WHERE id = ${id}`);
  return 'deleted';
}

/** Notes how the newest message went. */
export async function noteSent(session: RecordsSession, id: string, error: string | null): Promise<void> {
  await session.query(
    error === null
      ? sql`UPDATE alert_receivers SET last_sent_at = now(), last_error = NULL, last_error_at = NULL WHERE id = ${id}`
      : sql`UPDATE alert_receivers SET last_error = ${error}, last_error_at = now() WHERE id = ${id}`,
  );
}
