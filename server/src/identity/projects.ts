// Projects and their organisations, as GET /api/public/projects and the console show them.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface ProjectSummary {
  id: string;
  name: string;
  organization: { id: string; name: string };
  metadata: Record<string, unknown>;
  /** 0 = kept for ever. */
  retentionDays: number;
  keepContent: boolean;
  publicKeys: string[];
}

/** All projects, or those named or in which a person has a role, by name. */
export async function listProjects(session: RecordsSession, only: { id?: string; organizationId?: string; memberId?: string } = {}): Promise<ProjectSummary[]> {
  const conditions = [sql`true`];
  if (only.id !== undefined) conditions.push(sql`p.id = ${only.id}`);
  if (only.organizationId !== undefined) conditions.push(sql`p.organization_id = ${only.organizationId}`);
  if (only.memberId !== undefined)
    conditions.push(sql`(EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = p.organization_id AND m.user_id = ${only.memberId})
      OR EXISTS (SELECT 1 FROM project_memberships m WHERE m.project_id = p.id AND m.user_id = ${only.memberId}))`);
  const rows = await session.query<{
    id: string;
    name: string;
    organization_id: string;
    organization_name: string;
    metadata: Record<string, unknown>;
    retention_days: number;
    keep_content: boolean;
    public_keys: string[];
  }>(sql`
    SELECT p.id, p.name, o.id AS organization_id, o.name AS organization_name, p.metadata, coalesce(p.retention_days, o.retention_days, 0) AS retention_days, p.keep_content,
      ARRAY(SELECT k.public_key FROM project_keys k WHERE k.project_id = p.id ORDER BY k.created_at) AS public_keys
    FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE ${sql.join(conditions, sql` AND `)} ORDER BY p.name, p.id`);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    organization: { id: row.organization_id, name: row.organization_name },
    metadata: row.metadata,
    retentionDays: row.retention_days,
    keepContent: row.keep_content,
    publicKeys: row.public_keys,
  }));
}
