// One statement a batch for each kind of record that is taken over. What it has spent is added afterwards (spend.ts).
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { TakenKey, TakenLevel, TakenOrganization, TakenOrganizationMember, TakenReplacedKey, TakenTeam, TakenUser } from './taken.ts';

export async function writeLevels(session: RecordsSession, levels: readonly TakenLevel[]): Promise<void> {
  await session.query(sql`
    INSERT INTO spend_limits AS stored (kind, subject, organization_id, max_budget, soft_budget, budget_duration, budget_reset_at, rpm_limit, tpm_limit,
      max_parallel_requests, model_limits, budget_id, blocked, profile, is_registered, created_at, created_by, updated_at, updated_by)
    SELECT kind, subject, organization_id, max_budget, soft_budget, budget_duration, budget_reset_at, rpm_limit, tpm_limit, max_parallel_requests, model_limits,
      budget_id, blocked, profile, true, COALESCE(created_at, now()), created_by, COALESCE(updated_at, now()), updated_by
    FROM jsonb_to_recordset(${JSON.stringify(levels)}::jsonb) AS r(kind text, subject text, organization_id text, max_budget numeric, soft_budget numeric,
      budget_duration text, budget_reset_at timestamptz, rpm_limit bigint, tpm_limit bigint, max_parallel_requests bigint, model_limits jsonb, budget_id text,
      blocked boolean, profile jsonb, created_at timestamptz, created_by text, updated_at timestamptz, updated_by text)
    ON CONFLICT (kind, subject) DO UPDATE SET organization_id = COALESCE(excluded.organization_id, stored.organization_id), max_budget = excluded.max_budget,
      soft_budget = excluded.soft_budget, budget_duration = excluded.budget_duration, budget_reset_at = excluded.budget_reset_at,
      rpm_limit = excluded.rpm_limit, tpm_limit = excluded.tpm_limit, max_parallel_requests = excluded.max_parallel_requests,
      model_limits = excluded.model_limits, budget_id = excluded.budget_id, blocked = excluded.blocked, profile = excluded.profile, is_registered = true,
      created_at = excluded.created_at, created_by = excluded.created_by, updated_at = excluded.updated_at, updated_by = excluded.updated_by`);
}

export async function writeOrganizations(session: RecordsSession, organizations: readonly TakenOrganization[]): Promise<void> {
  await session.query(sql`
    INSERT INTO organizations (id, name, models, metadata, other_fields, created_at, created_by, updated_at, updated_by)
    SELECT id, name, models, metadata, other_fields, COALESCE(created_at, now()), created_by, COALESCE(updated_at, now()), updated_by
    FROM jsonb_to_recordset(${JSON.stringify(organizations)}::jsonb) AS r(id text, name text, models text[], metadata jsonb, other_fields jsonb,
      created_at timestamptz, created_by text, updated_at timestamptz, updated_by text)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, models = excluded.models, metadata = excluded.metadata, other_fields = excluded.other_fields,
      updated_at = excluded.updated_at, updated_by = excluded.updated_by`);
  await writeLevels(
    session,
    organizations.map(({ level }) => level),
  );
}

export async function writeUsers(session: RecordsSession, users: readonly TakenUser[]): Promise<void> {
  await session.query(sql`
    INSERT INTO internal_users (id, organization_id, alias, email, role, sso_user_id, models, metadata, other_fields, created_at, created_by, updated_at, updated_by)
    SELECT id, organization_id, alias, email, role, sso_user_id, models, metadata, other_fields, COALESCE(created_at, now()), created_by,
      COALESCE(updated_at, now()), updated_by
    FROM jsonb_to_recordset(${JSON.stringify(users)}::jsonb) AS r(id text, organization_id text, alias text, email text, role text, sso_user_id text,
      models text[], metadata jsonb, other_fields jsonb, created_at timestamptz, created_by text, updated_at timestamptz, updated_by text)
    ON CONFLICT (id) DO UPDATE SET organization_id = excluded.organization_id, alias = excluded.alias, email = excluded.email, role = excluded.role,
      sso_user_id = excluded.sso_user_id, models = excluded.models, metadata = excluded.metadata, other_fields = excluded.other_fields,
      updated_at = excluded.updated_at, updated_by = excluded.updated_by`);
  await writeLevels(
    session,
    users.map(({ level }) => level),
  );
}

export async function writeTeams(session: RecordsSession, teams: readonly TakenTeam[]): Promise<void> {
  await session.query(sql`
    INSERT INTO teams (id, alias, organization_id, models, model_aliases, blocked, metadata, other_fields, created_at, created_by, updated_at, updated_by)
    SELECT id, alias, organization_id, models, model_aliases, blocked, metadata, other_fields, COALESCE(created_at, now()), created_by,
      COALESCE(updated_at, now()), updated_by
    FROM jsonb_to_recordset(${JSON.stringify(teams)}::jsonb) AS r(id text, alias text, organization_id text, models text[], model_aliases jsonb,
      blocked boolean, metadata jsonb, other_fields jsonb, created_at timestamptz, created_by text, updated_at timestamptz, updated_by text)
    ON CONFLICT (id) DO UPDATE SET alias = excluded.alias, organization_id = excluded.organization_id, models = excluded.models,
      model_aliases = excluded.model_aliases, blocked = excluded.blocked, metadata = excluded.metadata, other_fields = excluded.other_fields,
      updated_at = excluded.updated_at, updated_by = excluded.updated_by`);
  await writeLevels(
    session,
    teams.map(({ level }) => level),
  );
  const members = teams.flatMap(({ id, members: list }) => list.map((member, place) => ({ team_id: id, ...member, place })));
  await session.query(sql`
    DELETE FROM team_members WHERE team_id = ANY(${teams.map(({ id }) => id)}::text[])
      AND (team_id, user_id) NOT IN (SELECT team_id, user_id FROM jsonb_to_recordset(${JSON.stringify(members)}::jsonb) AS r(team_id text, user_id text))`);
  // Members are listed in the order in which they came: a microsecond each.
  await session.query(sql`
    INSERT INTO team_members (team_id, user_id, email, role, created_at)
    SELECT team_id, user_id, email, role, now() + place * interval '1 microsecond'
    FROM jsonb_to_recordset(${JSON.stringify(members)}::jsonb) AS r(team_id text, user_id text, email text, role text, place integer)
    ON CONFLICT (team_id, user_id) DO UPDATE SET email = excluded.email, role = excluded.role`);
}

/** What members may spend in their teams, and which models they may use there. */
export async function writeMemberLevels(
  session: RecordsSession,
  members: readonly { level: TakenLevel; teamId: string; userId: string; models: readonly string[] }[],
): Promise<void> {
  await writeLevels(
    session,
    members.map(({ level }) => level),
  );
  const models = members.map(({ teamId, userId, models: list }) => ({ team_id: teamId, user_id: userId, models: list }));
  await session.query(sql`
    UPDATE team_members m SET models = r.models FROM jsonb_to_recordset(${JSON.stringify(models)}::jsonb) AS r(team_id text, user_id text, models text[])
    WHERE m.team_id = r.team_id AND m.user_id = r.user_id AND m.models <> r.models`);
}

export async function writeOrganizationMembers(session: RecordsSession, members: readonly TakenOrganizationMember[]): Promise<void> {
  await session.query(sql`
    INSERT INTO organization_members (organization_id, user_id, role, created_at, updated_at)
    SELECT organization_id, user_id, role, COALESCE(created_at, now()), COALESCE(updated_at, now())
    FROM jsonb_to_recordset(${JSON.stringify(members)}::jsonb)
      AS r(organization_id text, user_id text, role text, created_at timestamptz, updated_at timestamptz)
    ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role, updated_at = excluded.updated_at`);
}

export async function writeKeys(session: RecordsSession, keys: readonly TakenKey[], projectId: string): Promise<void> {
  await session.query(sql`
    INSERT INTO virtual_keys (id, alias, name, models, max_budget, budget_duration, budget_reset_at, rpm_limit, tpm_limit, max_parallel_requests, expires_at,
      blocked, team_id, user_id, organization_id, project_id, tags, metadata, other_fields, created_at, created_by, updated_at, updated_by)
    SELECT id, alias, name, models, max_budget, budget_duration, budget_reset_at, rpm_limit, tpm_limit, max_parallel_requests, expires_at, blocked, team_id,
      user_id, organization_id, ${projectId}, tags, metadata, other_fields, COALESCE(created_at, now()), created_by, COALESCE(updated_at, now()), updated_by
    FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS r(id text, alias text, name text, models text[], max_budget numeric, budget_duration text,
      budget_reset_at timestamptz, rpm_limit bigint, tpm_limit bigint, max_parallel_requests bigint, expires_at timestamptz, blocked boolean, team_id text,
      user_id text, organization_id text, tags text[], metadata jsonb, other_fields jsonb, created_at timestamptz, created_by text, updated_at timestamptz,
      updated_by text)
    ON CONFLICT (id) DO UPDATE SET alias = excluded.alias, name = excluded.name, models = excluded.models, max_budget = excluded.max_budget,
      budget_duration = excluded.budget_duration, budget_reset_at = excluded.budget_reset_at, rpm_limit = excluded.rpm_limit, tpm_limit = excluded.tpm_limit,
      max_parallel_requests = excluded.max_parallel_requests, expires_at = excluded.expires_at, blocked = excluded.blocked, team_id = excluded.team_id,
      user_id = excluded.user_id, organization_id = excluded.organization_id, tags = excluded.tags, metadata = excluded.metadata,
      other_fields = excluded.other_fields, updated_at = excluded.updated_at, updated_by = excluded.updated_by`);
}

export async function writeReplacedKeys(session: RecordsSession, keys: readonly TakenReplacedKey[]): Promise<void> {
  await session.query(sql`
    INSERT INTO replaced_keys (id, active_id, revoke_at, created_at)
    SELECT id, active_id, revoke_at, COALESCE(created_at, now())
    FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS r(id text, active_id text, revoke_at timestamptz, created_at timestamptz)
    ON CONFLICT (id) DO UPDATE SET active_id = excluded.active_id, revoke_at = excluded.revoke_at`);
}
