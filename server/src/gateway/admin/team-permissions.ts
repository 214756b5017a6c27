// What members of a team may do with its keys: LiteLLM's list of permissions of a team (team_member_permissions), and who is what in it.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

/** LiteLLM's KeyManagementRoutes that are acted on here. */
export const PERMISSIONS = [
  '/key/generate',
  '/key/update',
  '/key/delete',
  '/key/regenerate',
  '/key/service-account/generate',
  '/key/{key_id}/regenerate',
  '/key/block',
  '/key/unblock',
  '/key/info',
  '/key/health',
  '/key/list',
  '/team/daily/activity',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What every member may as long as the team says nothing. */
const DEFAULT: readonly string[] = ['/key/info', '/key/health'];

/** Where the list lies among the team's kept fields. */
export const PERMISSIONS_FIELD = 'team_member_permissions';

/** The permissions of a team's kept fields. */
export function permissionsOf(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const list = fields[PERMISSIONS_FIELD];
  return Array.isArray(list) ? list.filter((name): name is string => typeof name === 'string') : DEFAULT;
}

/** A user in a team. */
export interface Membership {
  readonly teamId: string;
  readonly isAdmin: boolean;
  readonly permissions: readonly string[];
}

/** The teams of a user. */
export async function membershipsOfUser(session: RecordsSession, userId: string): Promise<Membership[]> {
  const rows = await session.query<{ team_id: string; role: string; other_fields: Record<string, unknown> }>(sql`
    SELECT m.team_id, m.role, t.other_fields FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = ${userId} ORDER BY m.team_id LIMIT 10000`);
  return rows.map((row) => ({ teamId: row.team_id, isAdmin: row.role === 'admin', permissions: permissionsOf(row.other_fields) }));
}

/** An administrator of the team may all that members can be permitted. `/key/regenerate` permits both of its paths. */
export function permits(membership: Membership | undefined, permission: Permission): boolean {
  if (membership === undefined) return false;
  if (membership.isAdmin || membership.permissions.includes(permission)) return true;
  return permission === '/key/regenerate' && membership.permissions.includes('/key/{key_id}/regenerate');
}
