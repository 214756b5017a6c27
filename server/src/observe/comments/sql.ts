// The statements of comments.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface CommentRow {
  id: string;
  project_id: string;
  object_type: string;
  object_id: string;
  content: string;
  author_user_id: string | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = sql`id, project_id, object_type, object_id, content, author_user_id, created_at, updated_at`;

export async function insertComment(session: RecordsSession, row: Omit<CommentRow, 'created_at' | 'updated_at'>): Promise<void> {
  await session.query(sql`
    INSERT INTO comments (id, project_id, object_type, object_id, content, author_user_id)
    VALUES (${row.id}, ${row.project_id}, ${row.object_type}, ${row.object_id}, ${row.content}, ${row.author_user_id})`);
}

export async function commentById(session: RecordsSession, projectId: string, id: string): Promise<CommentRow | null> {
  const rows = await session.query<CommentRow>(sql`SELECT ${COLUMNS} FROM comments WHERE project_id = ${projectId} AND id = ${id}`);
  return rows[0] ?? null;
}

export interface CommentList {
  page: number;
  limit: number;
  objectType?: string | undefined;
  objectId?: string | undefined;
  authorUserId?: string | undefined;
}

/** A page, newest first. */
export async function listComments(session: RecordsSession, projectId: string, asked: CommentList): Promise<{ rows: CommentRow[]; total: number }> {
  const conditions = [sql`project_id = ${projectId}`];
  if (asked.objectType !== undefined) conditions.push(sql`object_type = ${asked.objectType}`);
  if (asked.objectId !== undefined) conditions.push(sql`object_id = ${asked.objectId}`);
  if (asked.authorUserId !== undefined) conditions.push(sql`author_user_id = ${asked.authorUserId}`);
  const where = sql.join(conditions, sql` AND `);
  const rows = await session.query<CommentRow>(
    sql`SELECT ${COLUMNS} FROM comments WHERE ${where} ORDER BY created_at DESC, id LIMIT ${asked.limit} OFFSET ${(asked.page - 1) * asked.limit}`,
  );
  const [count] = await session.query<{ total: string }>(sql`SELECT count(*) AS total FROM comments WHERE ${where}`);
  return { rows, total: Number(count?.total ?? 0) };
}

export async function promptExists(session: RecordsSession, projectId: string, id: string): Promise<boolean> {
  return (await session.query(sql`SELECT 1 FROM prompts WHERE project_id = ${projectId} AND id = ${id}`)).length > 0;
}
