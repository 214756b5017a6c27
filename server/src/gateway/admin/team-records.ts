// Teams and their members as rows. Rules and spend of both lie in spend_limits (level-records.ts).
import type { RecordsSession, Statement } from '#stores/records/port.ts';
import { isUniqueViolation, sql, sqlState } from '#stores/records/sql.ts';
import { badRequest } from './admin-route.ts';

export interface TeamRecord {
  readonly id: string;
  readonly alias: string | null;
  readonly organizationId: string;
  readonly models: readonly string[];
  readonly modelAliases: Readonly<Record<string, string>>;
  readonly blocked: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly otherFields: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What may be set; absent keeps. */
export interface TeamPatch {
  alias?: string | null;
  organizationId?: string;
  models?: readonly string[];
  modelAliases?: Readonly<Record<string, string>>;
  blocked?: boolean;
  metadata?: Readonly<Record<string, unknown>>;
  otherFields?: Readonly<Record<string, unknown>>;
}

export interface MemberRecord {
  readonly team_id: string;
  readonly user_id: string;
  readonly email: string | null;
  readonly role: 'admin' | 'user';
  readonly models: string[];
}

const COLUMNS = ['alias', 'organization_id', 'models', 'model_aliases', 'blocked', 'metadata', 'other_fields'] as const;

/** @throws AppError 400 when the id is taken or the organisation does not exist. */
export async function insertTeam(session: RecordsSession, id: string, patch: TeamPatch & { organizationId: string }, actor: string): Promise<void> {
  const given = toColumns(patch);
  const comma = sql`, `;
  try {
    await session.query(sql`
      INSERT INTO teams (id, created_by, updated_by, ${sql.join(
        given.map(([name]) => sql`${sql.identifier(name, COLUMNS)}`),
        comma,
      )})
      VALUES (${id}, ${actor}, ${actor}, ${sql.join(
        given.map(([, value]) => value),
        comma,
      )})`);
  } catch (error) {
    throw explain(error, id);
  }
}

/** False when there is no such team. @throws AppError 400 when the organisation does not exist. */
export async function updateTeam(session: RecordsSession, id: string, patch: TeamPatch, actor: string): Promise<boolean> {
  const changes = toColumns(patch).map(([name, value]) => sql`${sql.identifier(name, COLUMNS)} = ${value}, `);
  try {
    const rows = await session.query(sql`UPDATE teams SET ${sql.join(changes, sql``)}updated_by = ${actor}, updated_at = now() WHERE id = ${id} RETURNING id`);
    return rows.length > 0;
  } catch (error) {
    throw explain(error, id);
  }
}

/** Deletes a team with its members and keys; gives its keys' ids, or null when there is no such team. */
export async function deleteTeam(session: RecordsSession, id: string): Promise<{ keys: string[] } | null> {
  const keys = await session.query<{ id: string }>(sql`DELETE FROM virtual_keys WHERE team_id = ${id} RETURNING id`);
  const members = await session.query<{ user_id: string }>(sql`DELETE FROM team_members WHERE team_id = ${id} RETURNING user_id`);
  await session.query(sql`
    DELETE FROM spend_limits WHERE (kind = 'team' AND subject = ${id})
      OR (kind = 'member' AND subject = ANY(${members.map(({ user_id }) => `${id}\u001f${user_id}`)}::text[]))`);
  const [team] = await session.query(sql`DELETE FROM teams WHERE id = ${id} RETURNING id`);
  return team === undefined ? null : { keys: keys.map((key) => key.id) };
}

interface TeamRow {
  id: string;
  alias: string | null;
  organization_id: string;
  models: string[];
  model_aliases: Record<string, string>;
  blocked: boolean;
  metadata: Record<string, unknown>;
  other_fields: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
}

export interface TeamFilters {
  ids?: readonly string[] | undefined;
  userId?: string | undefined;
  organizationId?: string | undefined;
  /** Part of the alias or of the id, whatever its case. */
  search?: string | undefined;
  alias?: string | undefined;
}

const ORDERS = ['created_at', 'updated_at', 'alias', 'id'] as const;
export type TeamOrder = (typeof ORDERS)[number];

/** A page of teams, and how many there are. */
export async function readTeams(
  session: RecordsSession,
  filters: TeamFilters,
  page: { limit: number; offset: number; orderBy?: TeamOrder; ascending?: boolean },
): Promise<{ teams: TeamRecord[]; total: number }> {
  const condition = toCondition(filters);
  const direction = page.ascending ? sql`ASC` : sql`DESC`;
  const order = sql.identifier(page.orderBy ?? 'created_at', ORDERS);
  const [rows, [count]] = await Promise.all([
    session.query<TeamRow>(sql`SELECT * FROM teams t WHERE ${condition} ORDER BY t.${order} ${direction}, t.id LIMIT ${page.limit} OFFSET ${page.offset}`),
    session.query<{ total: string }>(sql`SELECT count(*) AS total FROM teams t WHERE ${condition}`),
  ]);
  return { teams: rows.map(toTeam), total: Number(count?.total ?? 0) };
}

export async function readTeam(session: RecordsSession, id: string): Promise<TeamRecord | null> {
  const { teams } = await readTeams(session, { ids: [id] }, { limit: 1, offset: 0 });
  return teams[0] ?? null;
}

/** Members of some teams, in the order in which they came. */
export async function readMembers(session: RecordsSession, teamIds: readonly string[]): Promise<MemberRecord[]> {
  return await session.query<MemberRecord>(
    sql`SELECT team_id, user_id, email, role, models FROM team_members WHERE team_id = ANY(${teamIds}::text[]) ORDER BY created_at, user_id`,
  );
}

/** @throws AppError 400 when he is a member already. */
export async function insertMember(session: RecordsSession, member: MemberRecord): Promise<void> {
  const rows = await session.query(sql`
    INSERT INTO team_members (team_id, user_id, email, role, models)
    VALUES (${member.team_id}, ${member.user_id}, ${member.email}, ${member.role}, ${member.models}::text[]) ON CONFLICT DO NOTHING RETURNING user_id`);
  if (rows.length === 0)
    throw badRequest(`User ${member.user_id} is already a member of team ${member.team_id}; change him with /team/member_update.`, 'member');
}

/** False when he is no member. */
export async function updateMember(session: RecordsSession, [teamId, userId]: readonly [string, string], patch: Partial<MemberRecord>): Promise<boolean> {
  const rows = await session.query(sql`
    UPDATE team_members SET role = COALESCE(${patch.role ?? null}, role), models = COALESCE(${patch.models ?? null}::text[], models)
    WHERE team_id = ${teamId} AND user_id = ${userId} RETURNING user_id`);
  return rows.length > 0;
}

/** False when he is no member. */
export async function deleteMember(session: RecordsSession, teamId: string, userId: string): Promise<boolean> {
  const rows = await session.query(sql`DELETE FROM team_members WHERE team_id = ${teamId} AND user_id = ${userId} RETURNING user_id`);
  return rows.length > 0;
}

function toCondition(filters: TeamFilters): Statement {
  const conditions: Statement[] = [sql`true`];
  if (filters.ids !== undefined) conditions.push(sql`t.id = ANY(${filters.ids}::text[])`);
  if (filters.userId !== undefined) conditions.push(sql`EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.user_id = ${filters.userId})`);
  if (filters.organizationId !== undefined) conditions.push(sql`t.organization_id = ${filters.organizationId}`);
  if (filters.alias !== undefined) conditions.push(sql`strpos(lower(t.alias), lower(${filters.alias})) > 0`);
  if (filters.search !== undefined) {
    conditions.push(sql`(strpos(lower(t.alias), lower(${filters.search})) > 0 OR strpos(lower(t.id), lower(${filters.search})) > 0)`);
  }
  return sql.join(conditions, sql` AND `);
}

function toColumns(patch: TeamPatch): [(typeof COLUMNS)[number], Statement][] {
  const object = (value: unknown): Statement => sql`${JSON.stringify(value)}::jsonb`;
  const columns: [(typeof COLUMNS)[number], Statement][] = [];
  if (patch.alias !== undefined) columns.push(['alias', sql`${patch.alias}`]);
  if (patch.organizationId !== undefined) columns.push(['organization_id', sql`${patch.organizationId}`]);
  if (patch.models !== undefined) columns.push(['models', sql`${patch.models}::text[]`]);
  if (patch.modelAliases !== undefined) columns.push(['model_aliases', object(patch.modelAliases)]);
  if (patch.blocked !== undefined) columns.push(['blocked', sql`${patch.blocked}`]);
  if (patch.metadata !== undefined) columns.push(['metadata', object(patch.metadata)]);
  if (patch.otherFields !== undefined) columns.push(['other_fields', object(patch.otherFields)]);
  return columns;
}

function toTeam(row: TeamRow): TeamRecord {
  return {
    id: row.id,
    alias: row.alias,
    organizationId: row.organization_id,
    models: row.models,
    modelAliases: row.model_aliases,
    blocked: row.blocked,
    metadata: row.metadata,
    otherFields: row.other_fields,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function explain(error: unknown, id: string): unknown {
  if (isUniqueViolation(error)) return badRequest(`Team id = ${id} already exists. Please use a different team id.`, 'team_id');
  if (sqlState(error) === '23503')
    return badRequest('The organization_id does not exist; create it with /organization/new or leave it out.', 'organization_id');
  return error;
}
