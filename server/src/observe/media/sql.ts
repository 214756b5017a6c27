// The statements of media.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface MediaRow {
  project_id: string;
  id: string;
  sha256_hash: string;
  content_type: string;
  content_length: string;
  uploaded_at: Date | null;
}

const COLUMNS = sql`project_id, id, sha256_hash, content_type, content_length, uploaded_at`;

export async function mediaById(session: RecordsSession, projectId: string, id: string): Promise<MediaRow | null> {
  const rows = await session.query<MediaRow>(sql`SELECT ${COLUMNS} FROM media WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

/** Those of the ids whose content is here. */
export async function uploadedMedia(session: RecordsSession, projectId: string, ids: readonly string[]): Promise<MediaRow[]> {
  return await session.query<MediaRow>(
    sql`SELECT ${COLUMNS} FROM media WHERE project_id = ${projectId} AND id = ANY (${ids}::text[]) AND uploaded_at IS NOT NULL`,
  );
}

/** What is known of a medium is kept once its content is here; before that the newest announcement counts. */
export async function announceMedia(
  session: RecordsSession,
  media: Omit<MediaRow, 'uploaded_at' | 'content_length'> & { content_length: number },
): Promise<MediaRow> {
  const [row] = await session.query<MediaRow>(sql`
    INSERT INTO media AS stored (project_id, id, sha256_hash, content_type, content_length)
    VALUES (${media.project_id}, ${media.id}, ${media.sha256_hash}, ${media.content_type}, ${media.content_length})
    ON CONFLICT (project_id, id) DO UPDATE SET
      content_type = CASE WHEN stored.uploaded_at IS NULL THEN EXCLUDED.content_type ELSE stored.content_type END,
      content_length = CASE WHEN stored.uploaded_at IS NULL THEN EXCLUDED.content_length ELSE stored.content_length END,
      sha256_hash = CASE WHEN stored.uploaded_at IS NULL THEN EXCLUDED.sha256_hash ELSE stored.sha256_hash END
    RETURNING ${COLUMNS}`);
  return row as MediaRow;
}

export interface MediaLink {
  traceId: string;
  observationId: string;
  datasetId: string;
  datasetItemId: string;
  field: string;
}

export async function linkMedia(session: RecordsSession, media: Pick<MediaRow, 'project_id' | 'id'>, link: MediaLink): Promise<void> {
  await session.query(sql`
    INSERT INTO media_links (project_id, media_id, trace_id, observation_id, dataset_id, dataset_item_id, field)
    VALUES (${media.project_id}, ${media.id}, ${link.traceId}, ${link.observationId}, ${link.datasetId}, ${link.datasetItemId}, ${link.field})
    ON CONFLICT DO NOTHING`);
}

/** The content is here, with so many bytes as they are kept. */
export async function markUploaded(session: RecordsSession, projectId: string, id: string, keptBytes: number): Promise<void> {
  await session.query(
    sql`UPDATE media SET uploaded_at = coalesce(uploaded_at, now()), upload_http_status = 200, content_length = ${keptBytes} WHERE project_id = ${projectId} AND id = ${id}`,
  );
}

/** What the client says of its upload; whether the content is here is known better by who received it. Returns false without such a medium. */
export async function noteUpload(
  session: RecordsSession,
  key: { projectId: string; id: string },
  said: { status: number; error: string | null },
): Promise<boolean> {
  const rows = await session.query(sql`
    UPDATE media SET upload_http_status = CASE WHEN uploaded_at IS NULL THEN ${said.status} ELSE upload_http_status END, upload_http_error = ${said.error}
    WHERE project_id = ${key.projectId} AND id = ${key.id} RETURNING id`);
  return rows.length > 0;
}
