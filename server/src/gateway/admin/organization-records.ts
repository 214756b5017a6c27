// Organisations and their members as rows. Rules and spend lie in spend_limits (level-records.ts).
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { isUniqueViolation, sql, sqlState } from '#stores/records/sql.ts';
import { badRequest } from './admin-route.ts';

export interface OrganizationRow {
  id: string;
  name: string;
  models: string[];
  metadata: Record<string, unknown>;
  other_fields: Record<string, unknown>;
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
}

export interface OrganizationMember {
  organization_id: string;
  user_id: string;
  email: string | null;
  role: string;
  created_at: Date;
  updated_at: Date;
}

export interface OrganizationPatch {
  name?: string;
  models?: readonly string[];
  metadata?: Readonly<Record<string, unknown>>;
  otherFields?: Readonly<Record<string, unknown>>;
}

/** @throws AppError 400 when the id is taken. */
export async function insertOrganization(session: RecordsSession, id: string, patch: OrganizationPatch & { name: string }, actor: string): Promise<void> {
  try {
    await session.query(sql`
      INSERT INTO organizations (id, name, models, metadata, other_fields, created_by, updated_by)
      VALUES (${id}, ${patch.name}, ${patch.models ?? []}::text[], ${JSON.stringify(patch.metadata ?? {})}::jsonb,
        ${JSON.stringify(patch.otherFields ?? {})}::jsonb, ${actor}, ${actor})`);
  } catch (error) {
    if (isUniqueViolation(error)) throw badRequest(`Organization ${id} already exists; change it with /organization/update.`, 'organization_id');
    throw error;
  }
}

/** False when there is none. */
export async function updateOrganization(session: RecordsSession, id: string, patch: OrganizationPatch, actor: string): Promise<boolean> {
  const changes: Statement[] = [sql`updated_by = ${actor}`, sql`updated_at = now()`];
  if (patch.name !== undefined) changes.push(sql`name = ${patch.name}`);
  if (patch.models !== undefined) changes.push(sql`models = ${patch.models}::text[]`);
  if (patch.metadata !== undefined) changes.push(sql`metadata = ${JSON.stringify(patch.metadata)}::jsonb`);
  if (patch.otherFields !== undefined) changes.push(sql`other_fields = ${JSON.stringify(patch.otherFields)}::jsonb`);
  const rows = await session.query(sql`UPDATE organizations SET ${sql.join(changes, sql`, `)} WHERE id = ${id} RETURNING id`);
  return rows.length > 0;
}

/** @throws AppError 400 while keys, teams, users or projects belong to it. */
export async function deleteOrganization(session: RecordsSession, id: string): Promise<boolean> {
  try {
    await session.query(sql`DELETE FROM spend_limits WHERE kind = 'organization' AND subject = ${id}`);
    const rows = await session.query(sql`DELETE FROM organizations WHERE id = ${id} RETURNING id`);
    return rows.length > 0;
  } catch (error) {
    if (sqlState(error) !== '23503') throw error;
    throw badRequest(`Organization ${id} still has teams, keys, users or projects; delete or move them first.`, 'organization_ids');
  }
}

export async function readOrganizations(
  session: RecordsSession,
  filters: { ids?: readonly string[] | undefined; nameContains?: string | undefined },
): Promise<OrganizationRow[]> {
  const conditions: Statement[] = [sql`true`];
  if (filters.ids !== undefined) conditions.push(sql`id = ANY(${filters.ids}::text[])`);
  if (filters.nameContains !== undefined) conditions.push(sql`strpos(lower(name), lower(${filters.nameContains})) > 0`);
  return await session.query<OrganizationRow>(sql`
    SELECT id, name, models, metadata, other_fields, created_at, created_by, updated_at, updated_by
    FROM organizations WHERE ${sql.join(conditions, sql` AND `)} ORDER BY created_at, id LIMIT 5000`);
}

export async function readOrganizationMembers(session: RecordsSession, ids: readonly string[]): Promise<OrganizationMember[]> {
  return await session.query<OrganizationMember>(
    sql`SELECT * FROM organization_members WHERE organization_id = ANY(${ids}::text[]) ORDER BY created_at, user_id`,
  );
}

/** @throws AppError 400 when he is a member already. */
export async function insertOrganizationMember(session: RecordsSession, member: Omit<OrganizationMember, 'created_at' | 'updated_at'>): Promise<void> {
  const rows = await session.query(sql`
    INSERT INTO organization_members (organization_id, user_id, email, role)
    VALUES (${member.organization_id}, ${member.user_id}, ${member.email}, ${member.role}) ON CONFLICT DO NOTHING RETURNING user_id`);
  if (rows.length === 0) throw badRequest(`User ${member.user_id} is already a member of organization ${member.organization_id}.`, 'member');
}

export async function updateOrganizationMember(session: RecordsSession, [organizationId, userId]: readonly [string, string], role: string): Promise<boolean> {
  const rows = await session.query(sql`
    UPDATE organization_members SET role = ${role}, updated_at = now()
    WHERE organization_id = ${organizationId} AND user_id = ${userId} RETURNING user_id`);
  return rows.length > 0;
}

export async function deleteOrganizationMember(session: RecordsSession, organizationId: string, userId: string): Promise<boolean> {
  const rows = await session.query(sql`
    DELETE FROM organization_members WHERE organization_id = ${organizationId} AND user_id = ${userId} RETURNING user_id`);
  return rows.length > 0;
}
