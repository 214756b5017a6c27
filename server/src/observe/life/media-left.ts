// Media follow what they stand in: a link whose trace is gone goes, and a medium without a link goes with its content.
import { blobKey, mediaPrefix } from '#observe/media/blob-key.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql as analyticsSql, text, texts } from '#stores/analytics/sql.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface MediaDependencies {
  analytics: Pick<Analytics, 'query'>;
  records: Pick<Records, 'query'>;
  blobs: Blobs;
}

export interface MediaRemoved {
  media: number;
  bytes: number;
}

const LINKS_A_LOOK = 1_000;

/** Removes media of a project whose traces are no longer stored, among links made before `beforeMs` (a younger one's trace may still be on its way). */
export async function removeOrphanedMedia(dependencies: MediaDependencies, projectId: string, beforeMs: number): Promise<MediaRemoved> {
  const { analytics, records } = dependencies;
  const total: MediaRemoved = { media: 0, bytes: 0 };
  for (let after = ''; ; ) {
    const rows = await records.query<{ trace_id: string }>(sql`
      SELECT DISTINCT trace_id FROM media_links
      WHERE project_id = ${projectId} AND trace_id > ${after} AND created_at < ${new Date(beforeMs).toISOString()}::timestamptz
      ORDER BY trace_id LIMIT ${LINKS_A_LOOK}`);
    const traceIds = rows.map((row) => row.trace_id);
    if (traceIds.length === 0) return total;
    after = traceIds.at(-1) as string;
    const stored = await analytics.query<{ id: string }>(analyticsSql`
      SELECT id FROM traces WHERE project_id = ${text(projectId)} AND id IN ${texts(traceIds)} AND is_deleted = 0
      UNION DISTINCT SELECT trace_id AS id FROM observations WHERE project_id = ${text(projectId)} AND trace_id IN ${texts(traceIds)} AND is_deleted = 0`);
    const there = new Set(stored.map(({ id }) => id));
    const removed = await unlinkTraces(
      dependencies,
      projectId,
      traceIds.filter((id) => !there.has(id)),
    );
    total.media += removed.media;
    total.bytes += removed.bytes;
  }
}

/** Ends the links of traces; what nothing refers to any longer goes with its content. */
export async function unlinkTraces(
  { records, blobs }: Omit<MediaDependencies, 'analytics'>,
  projectId: string,
  traceIds: readonly string[],
): Promise<MediaRemoved> {
  if (traceIds.length === 0) return { media: 0, bytes: 0 };
  const rows = await records.query<{ id: string; content_length: string }>(sql`
    WITH gone AS (DELETE FROM media_links WHERE project_id = ${projectId} AND trace_id = ANY (${[...traceIds]}::text[]) RETURNING media_id, trace_id)
    SELECT id, content_length FROM media m WHERE m.project_id = ${projectId} AND id IN (SELECT media_id FROM gone)
      AND NOT EXISTS (SELECT 1 FROM media_links l WHERE l.project_id = m.project_id AND l.media_id = m.id AND NOT (l.trace_id = ANY (${[...traceIds]}::text[])))`);
  return await removeMedia({ records, blobs }, projectId, rows);
}

async function removeMedia(
  { records, blobs }: Omit<MediaDependencies, 'analytics'>,
  projectId: string,
  rows: readonly { id: string; content_length: string }[],
): Promise<MediaRemoved> {
  let bytes = 0;
  for (const { id, content_length: length } of rows) {
    await blobs.remove(blobKey({ project_id: projectId, id }));
    bytes += Number(length);
  }
  await records.query(sql`DELETE FROM media WHERE project_id = ${projectId} AND id = ANY (${rows.map(({ id }) => id)}::text[])`);
  return { media: rows.length, bytes };
}

/** Removes the content of all media of a project that came before an instant; its records are gone already. */
export async function removeContentOf(blobs: Blobs, projectId: string, before: Date): Promise<MediaRemoved> {
  const total: MediaRemoved = { media: 0, bytes: 0 };
  for (let after: string | undefined; ; ) {
    const page = await blobs.list(mediaPrefix(projectId), { ...(after === undefined ? {} : { after }), limit: LINKS_A_LOOK });
    for (const { key, sizeBytes, modifiedAt } of page) {
      after = key;
      if (modifiedAt > before) continue;
      await blobs.remove(key);
      total.media += 1;
      total.bytes += sizeBytes;
    }
    if (page.length < LINKS_A_LOOK) return total;
  }
}
