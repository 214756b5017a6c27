// LiteLLM's internal users as rows: owners of keys and members of teams. Their rules and spend lie in spend_limits (level-records.ts).
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { isUniqueViolation, sql, sqlState } from '#stores/records/sql.ts';
import { badRequest } from './admin-route.ts';

export const USER_ROLES = ['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'] as const;
export type UserRole = (typeof USER_ROLES)[number];

export interface UserRecord {
  readonly id: string;
  readonly organizationId: string;
  readonly alias: string | null;
  readonly email: string | null;
  readonly role: UserRole;
  readonly ssoUserId: string | null;
  readonly models: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly otherFields: Readonly<Record<string, unknown>>;
  /** Ids of his teams. */
  readonly teams: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What may be set; absent keeps. */
export interface UserPatch {
  alias?: string | null;
  email?: string | null;
  role?: UserRole;
  ssoUserId?: string | null;
  models?: readonly string[];
  metadata?: Readonly<Record<string, unknown>>;
  otherFields?: Readonly<Record<string, unknown>>;
}

interface UserRow {
  id: string;
  organization_id: string;
  alias: string | null;
  email: string | null;
  role: UserRole;
  sso_user_id: string | null;
  models: string[];
  metadata: Record<string, unknown>;
  other_fields: Record<string, unknown>;
  teams: string[];
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = ['alias', 'email', 'role', 'sso_user_id', 'models', 'metadata', 'other_fields'] as const;

/** @throws AppError 400 when the id, the address or the SSO id is taken. */
export async function insertUser(session: RecordsSession, user: { id: string; organizationId: string; actor: string }, patch: UserPatch): Promise<void> {
  const given = toColumns(patch);
  const names = given.map(([name]) => sql`, ${sql.identifier(name, COLUMNS)}`);
  const values = given.map(([, value]) => sql`, ${value}`);
  try {
    await session.query(sql`
      INSERT INTO internal_users (id, organization_id, created_by, updated_by${sql.join(names, sql``)})
      VALUES (${user.id}, ${user.organizationId}, ${user.actor}, ${user.actor}${sql.join(values, sql``)})`);
  } catch (error) {
    throw explain(error, user.id);
  }
}

/** False when there is no such user. @throws AppError 400 when the address or the SSO id is taken. */
export async function updateUser(session: RecordsSession, id: string, patch: UserPatch, actor: string): Promise<boolean> {
  const changes = toColumns(patch).map(([name, value]) => sql`${sql.identifier(name, COLUMNS)} = ${value}, `);
  try {
    const rows = await session.query(
      sql`UPDATE internal_users SET ${sql.join(changes, sql``)}updated_by = ${actor}, updated_at = now() WHERE id = ${id} RETURNING id`,
    );
    return rows.length > 0;
  } catch (error) {
    throw explain(error, id);
  }
}

/** Deletes users with their memberships and keys; gives the users and the keys that existed. */
export async function deleteUsers(session: RecordsSession, ids: readonly string[]): Promise<{ users: string[]; keys: string[] }> {
  const keys = await session.query<{ id: string }>(sql`DELETE FROM virtual_keys WHERE user_id = ANY(${ids}::text[]) RETURNING id`);
  await session.query(sql`
    DELETE FROM spend_limits WHERE (kind = 'user' AND subject = ANY(${ids}::text[]))
      OR (kind = 'member' AND subject IN (SELECT team_id || chr(31) || user_id FROM team_members WHERE user_id = ANY(${ids}::text[])))`);
  await session.query(sql`DELETE FROM team_members WHERE user_id = ANY(${ids}::text[])`);
  await session.query(sql`DELETE FROM organization_members WHERE user_id = ANY(${ids}::text[])`);
  const users = await session.query<{ id: string }>(sql`DELETE FROM internal_users WHERE id = ANY(${ids}::text[]) RETURNING id`);
  return { users: users.map(({ id }) => id), keys: keys.map(({ id }) => id) };
}

/** Deletes the keys of a user in a team; gives their ids. */
export async function deleteKeysOf(session: RecordsSession, { userId, teamId }: { userId: string; teamId: string }): Promise<string[]> {
  const rows = await session.query<{ id: string }>(sql`DELETE FROM virtual_keys WHERE user_id = ${userId} AND team_id = ${teamId} RETURNING id`);
  return rows.map(({ id }) => id);
}

export interface UserFilters {
  ids?: readonly string[] | undefined;
  role?: UserRole | undefined;
  /** Part of the address, whatever its case. */
  emailContains?: string | undefined;
  teamId?: string | undefined;
  ssoUserIds?: readonly string[] | undefined;
}

const ORDERS = ['created_at', 'updated_at', 'id', 'email', 'alias', 'role'] as const;
export type UserOrder = (typeof ORDERS)[number];

/** A page of users, and how many there are. */
export async function readUsers(
  session: RecordsSession,
  filters: UserFilters,
  page: { limit: number; offset: number; orderBy?: UserOrder; ascending?: boolean },
): Promise<{ users: UserRecord[]; total: number }> {
  const condition = toCondition(filters);
  const direction = page.ascending ? sql`ASC NULLS LAST` : sql`DESC NULLS LAST`;
  const order = sql.identifier(page.orderBy ?? 'created_at', ORDERS);
  const [rows, [count]] = await Promise.all([
    session.query<UserRow>(sql`
      SELECT u.*, ARRAY(SELECT m.team_id FROM team_members m WHERE m.user_id = u.id ORDER BY m.created_at) AS teams
      FROM internal_users u WHERE ${condition} ORDER BY u.${order} ${direction}, u.id LIMIT ${page.limit} OFFSET ${page.offset}`),
    session.query<{ total: string }>(sql`SELECT count(*) AS total FROM internal_users u WHERE ${condition}`),
  ]);
  return { users: rows.map(toUser), total: Number(count?.total ?? 0) };
}

export async function readUser(session: RecordsSession, id: string): Promise<UserRecord | null> {
  const { users } = await readUsers(session, { ids: [id] }, { limit: 1, offset: 0 });
  return users[0] ?? null;
}

/** How many keys each of some users owns. */
export async function countKeys(session: RecordsSession, userIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await session.query<{ user_id: string; keys: string }>(
    sql`SELECT user_id, count(*) AS keys FROM virtual_keys WHERE user_id = ANY(${userIds}::text[]) GROUP BY user_id`,
  );
  return new Map(rows.map((row) => [row.user_id, Number(row.keys)]));
}

/** Who has an address; null: nobody. */
export async function userIdOfEmail(session: RecordsSession, email: string): Promise<string | null> {
  const [row] = await session.query<{ id: string }>(sql`SELECT id FROM internal_users WHERE lower(email) = lower(${email})`);
  return row?.id ?? null;
}

function toCondition(filters: UserFilters): Statement {
  const conditions: Statement[] = [sql`true`];
  if (filters.ids !== undefined) conditions.push(sql`u.id = ANY(${filters.ids}::text[])`);
  if (filters.role !== undefined) conditions.push(sql`u.role = ${filters.role}`);
  if (filters.emailContains !== undefined) conditions.push(sql`strpos(lower(u.email), lower(${filters.emailContains})) > 0`);
  if (filters.ssoUserIds !== undefined) conditions.push(sql`u.sso_user_id = ANY(${filters.ssoUserIds}::text[])`);
  if (filters.teamId !== undefined) conditions.push(sql`EXISTS (SELECT 1 FROM team_members m WHERE m.user_id = u.id AND m.team_id = ${filters.teamId})`);
  return sql.join(conditions, sql` AND `);
}

function toColumns(patch: UserPatch): [(typeof COLUMNS)[number], Statement][] {
  const object = (value: unknown): Statement => sql`${JSON.stringify(value)}::jsonb`;
  const columns: [(typeof COLUMNS)[number], Statement][] = [];
  if (patch.alias !== undefined) columns.push(['alias', sql`${patch.alias}`]);
  if (patch.email !== undefined) columns.push(['email', sql`${patch.email}`]);
  if (patch.role !== undefined) columns.push(['role', sql`${patch.role}`]);
  if (patch.ssoUserId !== undefined) columns.push(['sso_user_id', sql`${patch.ssoUserId}`]);
  if (patch.models !== undefined) columns.push(['models', sql`${patch.models}::text[]`]);
  if (patch.metadata !== undefined) columns.push(['metadata', object(patch.metadata)]);
  if (patch.otherFields !== undefined) columns.push(['other_fields', object(patch.otherFields)]);
  return columns;
}

function toUser(row: UserRow): UserRecord {
  return {
    id: row.id,
    organizationId: row.organization_id,
    alias: row.alias,
    email: row.email,
    role: row.role,
    ssoUserId: row.sso_user_id,
    models: row.models,
    metadata: row.metadata,
    otherFields: row.other_fields,
    teams: row.teams,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function explain(error: unknown, id: string): unknown {
  if (isUniqueViolation(error, 'internal_users_by_email'))
    return badRequest('Another user has this user_email; find him with /user/list?user_email=…', 'user_email');
  if (isUniqueViolation(error, 'internal_users_sso_user_id_key')) return badRequest('Another user has this sso_user_id.', 'sso_user_id');
  if (isUniqueViolation(error)) return badRequest(`User with id ${id} already exists; change him with /user/update.`, 'user_id');
  if (sqlState(error) === '23503') return badRequest('The organization does not exist; create it with /organization/new.', 'organizations');
  return error;
}
