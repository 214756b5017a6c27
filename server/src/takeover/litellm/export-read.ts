// Our records as they are given back: read in one state, with the levels that govern them.
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

type Fields = Record<string, unknown>;

interface Written {
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
}

export interface LevelRow extends Written {
  kind: string;
  subject: string;
  spend: string;
  max_budget: string | null;
  soft_budget: string | null;
  budget_duration: string | null;
  budget_reset_at: Date | null;
  rpm_limit: string | null;
  tpm_limit: string | null;
  max_parallel_requests: string | null;
  model_limits: Fields;
  budget_id: string | null;
  blocked: boolean;
  profile: Fields;
}

export interface OrganizationRow extends Written {
  id: string;
  name: string;
  models: string[];
  metadata: Fields;
  other_fields: Fields;
}

export interface TeamRow extends Written {
  id: string;
  alias: string | null;
  organization_id: string;
  models: string[];
  model_aliases: Fields;
  blocked: boolean;
  metadata: Fields;
  other_fields: Fields;
  cost_centre: string | null;
}

export interface MemberRow {
  team_id: string;
  user_id: string;
  email: string | null;
  role: string;
  models: string[];
}

export interface UserRow extends Written {
  id: string;
  organization_id: string;
  alias: string | null;
  email: string | null;
  role: string;
  sso_user_id: string | null;
  models: string[];
  metadata: Fields;
  other_fields: Fields;
}

export interface KeyRow extends Written {
  id: string;
  alias: string | null;
  name: string;
  models: string[];
  max_budget: string | null;
  budget_duration: string | null;
  budget_reset_at: Date | null;
  spend: string;
  rpm_limit: string | null;
  tpm_limit: string | null;
  max_parallel_requests: string | null;
  expires_at: Date | null;
  blocked: boolean;
  team_id: string | null;
  user_id: string | null;
  organization_id: string;
  cost_centre: string | null;
  tags: string[];
  metadata: Fields;
  other_fields: Fields;
  keep_content: boolean;
}

export interface OrganizationMemberRow {
  organization_id: string;
  user_id: string;
  role: string;
  created_at: Date;
  updated_at: Date;
}

export interface Records {
  levels: ReadonlyMap<string, LevelRow>;
  organizations: OrganizationRow[];
  teams: TeamRow[];
  members: MemberRow[];
  users: UserRow[];
  organizationMembers: OrganizationMemberRow[];
  keys: KeyRow[];
  replacedKeys: { id: string; active_id: string; revoke_at: Date; created_at: Date }[];
  models: (Written & { id: string })[];
  credentials: (Written & { name: string })[];
}

/** Everything but the ledger. */
export async function readRecords(session: RecordsSession): Promise<Records> {
  const levels = await session.query<LevelRow>(sql`SELECT * FROM spend_limits WHERE is_registered ORDER BY kind, subject`);
  return {
    levels: new Map(levels.map((level) => [levelName(level.kind, level.subject), level])),
    organizations: await session.query(sql`SELECT * FROM organizations ORDER BY id`),
    teams: await session.query(sql`SELECT * FROM teams ORDER BY id`),
    members: await session.query(sql`SELECT team_id, user_id, email, role, models FROM team_members ORDER BY team_id, created_at, user_id`),
    users: await session.query(sql`SELECT * FROM internal_users ORDER BY id`),
    organizationMembers: await session.query(sql`SELECT * FROM organization_members ORDER BY organization_id, user_id`),
    keys: await session.query(sql`SELECT * FROM virtual_keys ORDER BY id`),
    replacedKeys: await session.query(sql`SELECT id, active_id, revoke_at, created_at FROM replaced_keys WHERE revoke_at > now() ORDER BY id`),
    models: await session.query(sql`SELECT id, created_at, created_by, updated_at, updated_by FROM stored_models ORDER BY id`),
    credentials: await session.query(sql`SELECT name, created_at, created_by, updated_at, updated_by FROM credentials ORDER BY name`),
  };
}

export const levelName = (kind: string, subject: string): string => `${kind}:${subject}`;

export interface CallRow {
  call_id: string;
  organization_id: string;
  team_id: string | null;
  team_alias: string | null;
  key_id: string;
  key_alias: string | null;
  key_user_id: string | null;
  endpoint: string | null;
  model: string;
  end_user: string | null;
  session_id: string | null;
  tags: string[];
  call_started_at: Date;
  call_ended_at: Date | null;
  first_token_at: Date | null;
  call_outcome: string | null;
  deployment_id: string;
  provider: string;
  upstream_model: string;
  api_base: string | null;
  input_tokens: string | null;
  output_tokens: string | null;
  total_tokens: string | null;
  cost: string | null;
}

/** A call a row: its last attempt, with what all of them cost. After the last call of the page before. */
export async function readCalls(session: RecordsSession, period: { from: Date; to: Date }, after: { at: Date; id: string } | null): Promise<CallRow[]> {
  const rest = after === null ? sql`true` : sql`(call_started_at, call_id) > (${after.at}, ${after.id})`;
  return await session.query<CallRow>(sql`
    SELECT l.call_id, l.organization_id, l.team_id, l.team_alias, l.key_id, l.key_alias, l.key_user_id, l.endpoint, l.model, l.end_user, l.session_id, l.tags,
      l.call_started_at, l.call_ended_at, l.first_token_at, l.call_outcome, l.deployment_id, l.provider, l.upstream_model, l.api_base, l.input_tokens,
      l.output_tokens, l.total_tokens, (SELECT sum(a.cost) FROM ledger a WHERE a.call_id = l.call_id) AS cost
    FROM ledger l WHERE l.final AND l.call_started_at >= ${period.from} AND l.call_started_at < ${period.to} AND ${rest}
    ORDER BY l.call_started_at, l.call_id LIMIT 500`);
}
