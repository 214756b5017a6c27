// The statements of annotation queues, their items and who is assigned to them.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface QueueRow {
  id: string;
  project_id: string;
  name: string;
  description: string | null;
  score_config_ids: string[];
  created_at: Date;
  updated_at: Date;
}

const QUEUE = sql`id, project_id, name, description, score_config_ids, created_at, updated_at`;

export async function insertQueue(session: RecordsSession, row: Omit<QueueRow, 'created_at' | 'updated_at'>): Promise<QueueRow> {
  const [stored] = await session.query<QueueRow>(sql`
    INSERT INTO annotation_queues (id, project_id, name, description, score_config_ids)
    VALUES (${row.id}, ${row.project_id}, ${row.name}, ${row.description}, ${row.score_config_ids}) RETURNING ${QUEUE}`);
  return stored as QueueRow;
}

export async function queueById(session: RecordsSession, projectId: string, id: string): Promise<QueueRow | null> {
  const rows = await session.query<QueueRow>(sql`SELECT ${QUEUE} FROM annotation_queues WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

interface Page {
  page: number;
  limit: number;
}

export async function listQueues(session: RecordsSession, projectId: string, page: Page): Promise<{ rows: QueueRow[]; total: number }> {
  const rows = await session.query<QueueRow>(sql`
    SELECT ${QUEUE} FROM annotation_queues WHERE project_id = ${projectId} ORDER BY created_at DESC, id LIMIT ${page.limit} OFFSET ${(page.page - 1) * page.limit}`);
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM annotation_queues WHERE project_id = ${projectId}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export interface QueueItemRow {
  id: string;
  queue_id: string;
  object_type: string;
  object_id: string;
  status: 'PENDING' | 'COMPLETED';
  completed_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const ITEM = sql`id, queue_id, object_type, object_id, status, completed_at, created_at, updated_at`;
type NewItem = Pick<QueueItemRow, 'id' | 'queue_id' | 'object_type' | 'object_id' | 'status'> & { project_id: string };

export async function insertQueueItem(session: RecordsSession, row: NewItem): Promise<QueueItemRow> {
  const [stored] = await session.query<QueueItemRow>(sql`
    INSERT INTO annotation_queue_items (id, project_id, queue_id, object_type, object_id, status, completed_at)
    VALUES (${row.id}, ${row.project_id}, ${row.queue_id}, ${row.object_type}, ${row.object_id}, ${row.status}, CASE WHEN ${row.status}::text = 'COMPLETED' THEN now() END)
    RETURNING ${ITEM}`);
  return stored as QueueItemRow;
}

export async function queueItemById(session: RecordsSession, queueId: string, id: string): Promise<QueueItemRow | null> {
  const rows = await session.query<QueueItemRow>(sql`SELECT ${ITEM} FROM annotation_queue_items WHERE queue_id = ${queueId} AND id = ${id}`);
  return rows[0] ?? null;
}

export async function listQueueItems(
  session: RecordsSession,
  queueId: string,
  asked: Page & { status?: string | undefined },
): Promise<{ rows: QueueItemRow[]; total: number }> {
  const where = asked.status === undefined ? sql`queue_id = ${queueId}` : sql`queue_id = ${queueId} AND status = ${asked.status}`;
  const rows = await session.query<QueueItemRow>(
    sql`SELECT ${ITEM} FROM annotation_queue_items WHERE ${where} ORDER BY created_at DESC, id LIMIT ${asked.limit} OFFSET ${(asked.page - 1) * asked.limit}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM annotation_queue_items WHERE ${where}`);
  return { rows, total: Number(count?.total ?? 0) };
}

/** An item that is completed keeps the instant at which it was; null without such an item. */
export async function setItemStatus(session: RecordsSession, key: { queueId: string; id: string }, status: string | null): Promise<QueueItemRow | null> {
  const rows = await session.query<QueueItemRow>(sql`
    UPDATE annotation_queue_items SET status = coalesce(${status}::text, status), updated_at = now(),
      completed_at = CASE coalesce(${status}::text, status) WHEN 'COMPLETED' THEN coalesce(completed_at, now()) END
    WHERE queue_id = ${key.queueId} AND id = ${key.id} RETURNING ${ITEM}`);
  return rows[0] ?? null;
}

export async function deleteQueueItem(session: RecordsSession, key: { queueId: string; id: string }): Promise<boolean> {
  return (await session.query(sql`DELETE FROM annotation_queue_items WHERE queue_id = ${key.queueId} AND id = ${key.id} RETURNING id`)).length > 0;
}

/** Whether the user is a member of the project's organisation. */
export async function isMember(session: RecordsSession, projectId: string, userId: string): Promise<boolean> {
  const rows = await session.query(sql`
    SELECT 1 FROM memberships m JOIN projects p ON p.organization_id = m.organization_id WHERE p.id = ${projectId} AND m.user_id = ${userId}`);
  return rows.length > 0;
}

export async function assign(session: RecordsSession, assignment: { queueId: string; userId: string; projectId: string }): Promise<void> {
  await session.query(sql`
    INSERT INTO annotation_queue_assignments (queue_id, user_id, project_id) VALUES (${assignment.queueId}, ${assignment.userId}, ${assignment.projectId})
    ON CONFLICT DO NOTHING`);
}

export async function unassign(session: RecordsSession, assignment: { queueId: string; userId: string }): Promise<void> {
  await session.query(sql`DELETE FROM annotation_queue_assignments WHERE queue_id = ${assignment.queueId} AND user_id = ${assignment.userId}`);
}
