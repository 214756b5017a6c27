// Scheduled exports in the records: what is wished, how far it has come, and who is writing.
import { randomUUID } from 'node:crypto';
import type { Sealer } from '#lib/sealed.ts';
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { FIELD_GROUPS, type FieldGroup, type FileType, type ScheduleBody } from './schema.ts';
import type { Frequency } from './windows.ts';

export interface IntegrationRow {
  id: string;
  project_id: string;
  type: 'S3' | 'S3_COMPATIBLE';
  bucket_name: string;
  endpoint: string | null;
  region: string;
  access_key_id: string;
  sealed_secret: string;
  prefix: string;
  export_frequency: Frequency;
  enabled: boolean;
  force_path_style: boolean;
  file_type: FileType;
  export_mode: 'FULL_HISTORY' | 'FROM_TODAY' | 'FROM_CUSTOM_DATE';
  export_start_date: Date | null;
  compressed: boolean;
  export_field_groups: FieldGroup[];
  /** When it was told to begin where it begins. */
  begun_at: Date;
  last_sync_at: Date | null;
  next_sync_at: Date | null;
  retry_at: Date | null;
  failures: number;
  last_error: string | null;
  last_error_at: Date | null;
  locked_by: string | null;
  locked_until: Date | null;
  revision: number;
  created_at: Date;
  updated_at: Date;
}

/** Told on when somebody changed what is to be exported. */
export const BLOB_EXPORT_CHANNEL = 'genai_blob_exports';

const COLUMNS = sql`e.id, e.project_id, e.type, e.bucket_name, e.endpoint, e.region, e.access_key_id, e.sealed_secret, e.prefix, e.export_frequency, e.enabled,
  e.force_path_style, e.file_type, e.export_mode, e.export_start_date, e.compressed, e.export_field_groups, e.begun_at, e.last_sync_at, e.next_sync_at, e.retry_at, e.failures,
  e.last_error, e.last_error_at, e.locked_by, e.locked_until, e.revision, e.created_at, e.updated_at`;
const OF_ORGANIZATION = sql`FROM blob_exports e JOIN projects p ON p.id = e.project_id`;

const iso = (ms: number): string => new Date(ms).toISOString();
const purposeOf = (projectId: string): string => `blob-export:${projectId}`;

export async function integrationsOf(session: RecordsSession, organizationId: string): Promise<IntegrationRow[]> {
  return await session.query<IntegrationRow>(sql`SELECT ${COLUMNS} ${OF_ORGANIZATION} WHERE p.organization_id = ${organizationId} ORDER BY e.created_at, e.id`);
}

export async function integrationById(session: RecordsSession, organizationId: string, id: string): Promise<IntegrationRow | null> {
  const rows = await session.query<IntegrationRow>(sql`SELECT ${COLUMNS} ${OF_ORGANIZATION} WHERE p.organization_id = ${organizationId} AND e.id = ${id}`);
  return rows[0] ?? null;
}

export async function integrationOfProject(session: RecordsSession, projectId: string): Promise<IntegrationRow | null> {
  return (await session.query<IntegrationRow>(sql`SELECT ${COLUMNS} FROM blob_exports e WHERE e.project_id = ${projectId}`))[0] ?? null;
}

/** Writes the integration of a project. A known one keeps its id and how far it has come; told to begin somewhere else, it begins anew. */
export async function putIntegration(
  session: RecordsSession,
  { projectId, body, accessKeyId, sealedSecret }: { projectId: string; body: ScheduleBody; accessKeyId: string; sealedSecret: string },
): Promise<IntegrationRow> {
  const groups = body.exportFieldGroups ?? (await integrationOfProject(session, projectId))?.export_field_groups ?? [...FIELD_GROUPS];
  const again = sql`(e.export_mode, e.export_start_date) IS DISTINCT FROM (excluded.export_mode, excluded.export_start_date)`;
  const [row] = await session.query<IntegrationRow>(sql`
    INSERT INTO blob_exports AS e (id, project_id, type, bucket_name, endpoint, region, access_key_id, sealed_secret, prefix, export_frequency, enabled, force_path_style,
      file_type, export_mode, export_start_date, compressed, export_field_groups)
    VALUES (${randomUUID()}, ${projectId}, ${body.type}, ${body.bucketName}, ${body.endpoint ?? null}, ${body.region}, ${accessKeyId}, ${sealedSecret},
      ${body.prefix ?? ''}, ${body.exportFrequency}, ${body.enabled}, ${body.forcePathStyle}, ${body.fileType}, ${body.exportMode},
      ${body.exportStartDate ?? null}::timestamptz, ${body.compressed ?? true}, ${groups}::text[])
    ON CONFLICT (project_id) DO UPDATE SET type = excluded.type, bucket_name = excluded.bucket_name, endpoint = excluded.endpoint, region = excluded.region,
      access_key_id = excluded.access_key_id, sealed_secret = excluded.sealed_secret, prefix = excluded.prefix, export_frequency = excluded.export_frequency,
      enabled = excluded.enabled, force_path_style = excluded.force_path_style, file_type = excluded.file_type, export_mode = excluded.export_mode,
      export_start_date = excluded.export_start_date, compressed = excluded.compressed, export_field_groups = excluded.export_field_groups,
      last_sync_at = CASE WHEN ${again} THEN NULL ELSE e.last_sync_at END, begun_at = CASE WHEN ${again} THEN now() ELSE e.begun_at END,
      next_sync_at = NULL, retry_at = NULL, failures = 0, revision = e.revision + 1, updated_at = now()
    RETURNING ${COLUMNS}`);
  await tellExports(session);
  return row as IntegrationRow;
}

/** Wakes whoever exports. */
async function tellExports(session: RecordsSession): Promise<void> {
  await session.query(sql`SELECT pg_notify(${BLOB_EXPORT_CHANNEL}, '')`);
}

export async function deleteIntegration(session: RecordsSession, id: string): Promise<void> {
  await session.query(sql`DELETE FROM blob_exports WHERE id = ${id}`);
}

/** Windows that are over are written now, also when a failure would have waited longer. */
export async function runNow(session: RecordsSession, id: string): Promise<void> {
  await session.query(sql`UPDATE blob_exports SET retry_at = NULL, next_sync_at = NULL WHERE id = ${id}`);
  await tellExports(session);
}

export function sealSecret(sealer: Sealer, projectId: string, secret: string): string {
  return sealer.seal(secret, purposeOf(projectId));
}

export function secretOf(sealer: Sealer, row: Pick<IntegrationRow, 'project_id' | 'sealed_secret'>): string {
  return sealer.open(row.sealed_secret, purposeOf(row.project_id));
}

const DUE = sql`enabled AND coalesce(next_sync_at, '-infinity') <= now() AND coalesce(retry_at, '-infinity') <= now()`;

/** The one that is due, that nobody else writes and that has waited longest, taken for `leaseSeconds`; null when there is none. */
export async function takeDue(session: RecordsSession, worker: string, leaseSeconds: number): Promise<IntegrationRow | null> {
  const rows = await session.query<IntegrationRow>(sql`
    UPDATE blob_exports AS e SET locked_by = ${worker}, locked_until = now() + make_interval(secs => ${leaseSeconds}), taken_at = clock_timestamp() WHERE e.id = (
      SELECT id FROM blob_exports WHERE ${DUE} AND (coalesce(locked_until, '-infinity') < now() OR locked_by = ${worker}) ORDER BY taken_at NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING ${COLUMNS}`);
  return rows[0] ?? null;
}

const still = (row: IntegrationRow, worker: string): Statement => sql`id = ${row.id} AND locked_by = ${worker} AND revision = ${row.revision}`;

/** False when the lease was lost, or something else is wished by now. */
export async function keepLease(session: RecordsSession, row: IntegrationRow, worker: string, leaseSeconds: number): Promise<boolean> {
  const rows = await session.query(
    sql`UPDATE blob_exports SET locked_until = now() + make_interval(secs => ${leaseSeconds}) WHERE ${still(row, worker)} RETURNING id`,
  );
  return rows.length > 0;
}

/** A window is whole: the mark moves to its end. Only its writer, from where it began, moves it. */
export async function reached(session: RecordsSession, row: IntegrationRow, worker: string, at: { toMs: number; nextMs: number }): Promise<void> {
  await session.query(sql`
    UPDATE blob_exports SET last_sync_at = ${iso(at.toMs)}::timestamptz, next_sync_at = ${iso(at.nextMs)}::timestamptz, retry_at = NULL, failures = 0, last_error = NULL, last_error_at = NULL
    WHERE ${still(row, worker)} AND last_sync_at IS NOT DISTINCT FROM ${row.last_sync_at?.toISOString() ?? null}::timestamptz`);
}

/** Nothing to write before then. */
export async function waitUntil(session: RecordsSession, row: IntegrationRow, worker: string, nextMs: number): Promise<void> {
  await session.query(sql`UPDATE blob_exports SET next_sync_at = ${iso(nextMs)}::timestamptz WHERE ${still(row, worker)}`);
}

export async function failed(
  session: RecordsSession,
  row: IntegrationRow,
  worker: string,
  { message, retrySeconds }: { message: string; retrySeconds: number },
): Promise<void> {
  await session.query(sql`
    UPDATE blob_exports SET last_error = ${message}, last_error_at = now(), failures = failures + 1, retry_at = now() + make_interval(secs => ${retrySeconds})
    WHERE ${still(row, worker)}`);
}

export async function letGo(session: RecordsSession, row: IntegrationRow, worker: string): Promise<void> {
  await session.query(sql`UPDATE blob_exports SET locked_by = NULL, locked_until = NULL WHERE id = ${row.id} AND locked_by = ${worker}`);
}

/** Milliseconds until one is due that nobody writes; null when none is enabled. */
export async function untilDueMs(session: RecordsSession): Promise<number | null> {
  const [row] = await session.query<{ ms: string | null }>(sql`
    SELECT extract(epoch FROM min(greatest(next_sync_at, retry_at, locked_until, now())) - now()) * 1000 AS ms FROM blob_exports WHERE enabled`);
  return row === undefined || row.ms === null ? null : Number(row.ms);
}
