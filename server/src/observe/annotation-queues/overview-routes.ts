// GET /unstable/annotation-queues: every queue with how far it is and who works on it. The public API has no way to read assignments.
import type { Route, RouteContext } from '#http/route.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

const MOST_QUEUES = 500;

interface QueueProgress {
  id: string;
  name: string;
  description: string | null;
  score_config_ids: string[];
  created_at: Date;
  pending: string;
  completed: string;
  assignees: string[];
}

/** The route over the records. */
export function queueOverviewRoutes(records: Pick<Records, 'query'>): Route[] {
  return [
    {
      surface: 'observe',
      dialect: 'langfuse-unstable',
      access: ['project-key'],
      method: 'GET',
      path: '/api/public/unstable/annotation-queues',
      summary: 'Annotation queues with their progress and who is assigned',
      handle: (context) => list(records, context),
    },
  ];
}

async function list(records: Pick<Records, 'query'>, { http, principal }: RouteContext): Promise<Response> {
  const rows = await records.query<QueueProgress>(sql`
    SELECT q.id, q.name, q.description, q.score_config_ids, q.created_at,
      (SELECT count(*) FROM annotation_queue_items i WHERE i.queue_id = q.id AND i.status = 'PENDING') AS pending,
      (SELECT count(*) FROM annotation_queue_items i WHERE i.queue_id = q.id AND i.status = 'COMPLETED') AS completed,
      ARRAY(SELECT a.user_id FROM annotation_queue_assignments a WHERE a.queue_id = q.id ORDER BY a.created_at, a.user_id) AS assignees
    FROM annotation_queues q WHERE q.project_id = ${projectOf(principal)} ORDER BY q.created_at DESC, q.id LIMIT ${MOST_QUEUES}`);
  return http.json({
    data: rows.map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      scoreConfigIds: row.score_config_ids,
      createdAt: row.created_at.toISOString(),
      pending: Number(row.pending),
      completed: Number(row.completed),
      assigneeIds: row.assignees,
    })),
  });
}
