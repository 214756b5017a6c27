// A person's role in one project: that of the project where there is one, else that of the project's organisation.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Member } from './management-sql.ts';
import type { UserRole } from './principal.ts';

export interface PlaceOfPerson {
  organizationId: string;
  /** Null = the person belongs neither to the project nor to its organisation. */
  role: UserRole | null;
}

/** Null when there is no such project. */
export async function placeInProject(session: RecordsSession, projectId: string, userId: string): Promise<PlaceOfPerson | null> {
  const [row] = await session.query<{ organization_id: string; role: UserRole | null }>(sql`
    SELECT p.organization_id, coalesce(own.role, m.role) AS role FROM projects p
    LEFT JOIN project_memberships own ON own.project_id = p.id AND own.user_id = ${userId}
    LEFT JOIN memberships m ON m.organization_id = p.organization_id AND m.user_id = ${userId}
    WHERE p.id = ${projectId}`);
  return row === undefined ? null : { organizationId: row.organization_id, role: row.role };
}

/** The role of a person in every project in which they have one. */
export async function rolesOfPerson(session: RecordsSession, userId: string): Promise<Map<string, UserRole>> {
  const rows = await session.query<{ id: string; role: UserRole }>(sql`
    SELECT p.id, coalesce(own.role, m.role) AS role FROM projects p
    LEFT JOIN project_memberships own ON own.project_id = p.id AND own.user_id = ${userId}
    LEFT JOIN memberships m ON m.organization_id = p.organization_id AND m.user_id = ${userId}
    WHERE coalesce(own.role, m.role) IS NOT NULL`);
  return new Map(rows.map(({ id, role }) => [id, role]));
}

export interface PersonOfProject {
  user_id: string;
  email: string;
  name: string;
  organization_role: UserRole;
  project_role: UserRole | null;
}

/** Everybody in the project's organisation, with both roles. */
export async function peopleOfProject(session: RecordsSession, projectId: string): Promise<PersonOfProject[]> {
  return await session.query<PersonOfProject>(sql`
    SELECT u.id AS user_id, u.email, u.name, m.role AS organization_role, own.role AS project_role
    FROM projects p JOIN memberships m ON m.organization_id = p.organization_id JOIN users u ON u.id = m.user_id
    LEFT JOIN project_memberships own ON own.project_id = p.id AND own.user_id = u.id
    WHERE p.id = ${projectId} ORDER BY lower(coalesce(nullif(u.name, ''), u.email)), u.id`);
}

/** Who has a role of their own in the project. */
export async function projectMembersOf(session: RecordsSession, projectId: string): Promise<Member[]> {
  return await session.query<Member>(sql`
    SELECT m.user_id, u.email, u.name, m.role FROM project_memberships m JOIN users u ON u.id = m.user_id WHERE m.project_id = ${projectId} ORDER BY m.created_at, m.user_id`);
}

/** Null when the person is no member of the project's organisation. */
export async function putProjectMember(
  session: RecordsSession,
  project: { id: string; organizationId: string },
  userId: string,
  role: UserRole,
): Promise<Member | null> {
  await session.query(sql`
    INSERT INTO project_memberships (project_id, user_id, organization_id, role)
    SELECT ${project.id}, user_id, organization_id, ${role} FROM memberships WHERE user_id = ${userId} AND organization_id = ${project.organizationId}
    ON CONFLICT (project_id, user_id) DO UPDATE SET role = EXCLUDED.role`);
  return (await projectMembersOf(session, project.id)).find((member) => member.user_id === userId) ?? null;
}

export async function removeProjectMember(session: RecordsSession, projectId: string, userId: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM project_memberships WHERE project_id = ${projectId} AND user_id = ${userId} RETURNING user_id`)).length > 0;
}
