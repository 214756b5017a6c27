// Our records as rows of LiteLLM's tables: the way back of from-*.ts. Pure. Columns that a version does not have are left out by whoever writes them.

import { UNIT_SEPARATOR } from '#identity/governing.ts';
import { wordOf } from '#lib/json.ts';
import type { Findings } from '#takeover/findings.ts';
import { type KeyRow, type LevelRow, levelName, type MemberRow, type OrganizationRow, type Records, type TeamRow, type UserRow } from './export-read.ts';
import { FOREIGN_ROLE } from './from-people.ts';

export type Row = Record<string, unknown>;

export interface ExportContext {
  readonly home: string;
  readonly findings: Findings;
  readonly records: Records;
}

/** LiteLLM wants a name in `created_by`. */
const NOBODY = 'genai';
/** Tables that are not given back: a row may not point into them. */
const POINTERS = ['object_permission_id', 'project_id', 'agent_id'];
/** Fields that LiteLLM keeps in a key's or a team's metadata. */
const IN_METADATA = [
  'model_rpm_limit',
  'model_tpm_limit',
  'guardrails',
  'tags',
  'enforced_params',
  'temp_budget_increase',
  'temp_budget_expiry',
  'soft_budget',
];

const dollars = (amount: string | null): number | null => (amount === null ? null : Number(amount));
const whole = dollars;
const instant = (at: Date | null): string | null => at?.toISOString() ?? null;

function written(row: { created_at: Date; created_by: string | null; updated_at: Date; updated_by: string | null }): Row {
  return {
    created_at: instant(row.created_at),
    created_by: row.created_by ?? NOBODY,
    updated_at: instant(row.updated_at),
    updated_by: row.updated_by ?? NOBODY,
  };
}

function limits(level: LevelRow | undefined): Row {
  return {
    max_budget: dollars(level?.max_budget ?? null),
    soft_budget: dollars(level?.soft_budget ?? null),
    budget_duration: level?.budget_duration ?? null,
    budget_reset_at: instant(level?.budget_reset_at ?? null),
    rpm_limit: whole(level?.rpm_limit ?? null),
    tpm_limit: whole(level?.tpm_limit ?? null),
    max_parallel_requests: whole(level?.max_parallel_requests ?? null),
    ...(level?.model_limits.model_max_budget === undefined ? {} : { model_max_budget: level.model_limits.model_max_budget }),
    ...(level?.model_limits.budget_limits === undefined ? {} : { budget_limits: level.model_limits.budget_limits }),
  };
}

/** LiteLLM_BudgetTable: the shared ones, and one for each level whose own limits LiteLLM can only keep there. */
export function budgetRows({ records }: ExportContext): Row[] {
  const shared = [...records.levels.values()].filter(({ kind }) => kind === 'budget').map((level) => budgetRow(level.subject, level));
  const own = [...records.levels.values()].filter(needsOwnBudget).map((level) => {
    const base = records.levels.get(levelName('budget', level.budget_id ?? ''));
    const filled = base === undefined ? budgetRow(ownBudgetId(level), level) : merged(budgetRow(ownBudgetId(level), level), budgetRow('', base));
    return filled;
  });
  return [...shared, ...own];
}

function budgetRow(id: string, level: LevelRow): Row {
  return { ...level.profile, budget_id: id, ...limits(level), ...written(level) };
}

function merged(own: Row, base: Row): Row {
  return Object.fromEntries([...new Set([...Object.keys(base), ...Object.keys(own)])].map((name) => [name, own[name] ?? base[name] ?? null]));
}

const LENT = new Set(['organization', 'member', 'end_user', 'tag']);

function needsOwnBudget(level: LevelRow): boolean {
  if (!LENT.has(level.kind)) return false;
  const { max_budget, soft_budget, rpm_limit, tpm_limit, max_parallel_requests, budget_duration } = level;
  const says = [max_budget, soft_budget, rpm_limit, tpm_limit, max_parallel_requests, budget_duration].some((value) => value !== null);
  return says || Object.keys(level.model_limits).length > 0 || (level.kind === 'organization' && level.budget_id === null);
}

const ownBudgetId = ({ kind, subject }: LevelRow): string => `genai-${kind}-${subject.replace(UNIT_SEPARATOR, '-')}`;

const budgetOf = (level: LevelRow | undefined): string | null => (level === undefined ? null : needsOwnBudget(level) ? ownBudgetId(level) : level.budget_id);

/** Whoever names no organisation is in ours; LiteLLM has none for him. */
const outside = (organization: string, { home }: ExportContext): string | null => (organization === home ? null : organization);

/** The fields that are only kept, without pointers into what is not given back. */
function kept(context: ExportContext, kind: string, [id, fields]: readonly [string, Row]): Row {
  const { ...left } = fields;
  for (const name of POINTERS) {
    if (left[name] === undefined) continue;
    context.findings.add({ level: 'note', kind, code: 'pointer', field: name }, id);
    delete left[name];
  }
  return left;
}

/** Without the home organisation: it is ours. */
export function organizationRows(context: ExportContext): Row[] {
  const { records, home } = context;
  return records.organizations.filter(({ id }) => id !== home).map((one) => organizationRow(one, context));
}

function organizationRow(one: OrganizationRow, context: ExportContext): Row {
  const level = context.records.levels.get(levelName('organization', one.id));
  return {
    ...kept(context, 'organization', [one.id, one.other_fields]),
    organization_id: one.id,
    organization_alias: one.name,
    budget_id: budgetOf(level) ?? `genai-organization-${one.id}`,
    metadata: one.metadata,
    models: one.models,
    spend: dollars(level?.spend ?? '0'),
    ...written(one),
  };
}

/** An organisation without any level still needs a budget to name. */
export function missingOrganizationBudgets({ records, home }: ExportContext): Row[] {
  const bare = records.organizations.filter(({ id }) => id !== home && !records.levels.has(levelName('organization', id)));
  return bare.map((one) => ({ budget_id: `genai-organization-${one.id}`, ...written(one) }));
}

/** LiteLLM_ModelTable and LiteLLM_TeamTable: model aliases lie beside the team, by a number. */
export function teamRows(context: ExportContext): { aliases: Row[]; teams: Row[] } {
  const aliases: Row[] = [];
  const teams = context.records.teams.map((team) => {
    const hasAliases = Object.keys(team.model_aliases).length > 0;
    if (hasAliases) aliases.push({ id: aliases.length + 1, aliases: team.model_aliases, ...written(team) });
    return { ...teamRow(team, context), model_id: hasAliases ? aliases.length : null };
  });
  return { aliases, teams };
}

function teamRow(team: TeamRow, context: ExportContext): Row {
  const level = context.records.levels.get(levelName('team', team.id));
  const members = context.records.members.filter(({ team_id: id }) => id === team.id);
  const fields = kept(context, 'team', [team.id, team.other_fields]);
  if (team.cost_centre !== null) context.findings.add({ level: 'note', kind: 'team', code: 'not-carried', field: 'cost_centre' }, team.id);
  return {
    ...fields,
    team_id: team.id,
    team_alias: team.alias,
    organization_id: outside(team.organization_id, context),
    // The two older lists: only those who still are members.
    admins: stillThere(fields.admins, members),
    members: stillThere(fields.members, members),
    members_with_roles: members.map(({ user_id, email, role }) => ({ role, user_id, user_email: email })),
    metadata: withFields(team.metadata, { ...fields, ...level?.model_limits }),
    models: team.models,
    blocked: team.blocked,
    spend: dollars(level?.spend ?? '0'),
    ...limits(level),
    ...written(team),
  };
}

function stillThere(list: unknown, members: readonly MemberRow[]): string[] {
  const here = new Set(members.map(({ user_id: id }) => id));
  return Array.isArray(list) ? list.filter((id) => here.has(wordOf(id))) : [];
}

/** LiteLLM keeps these in metadata; what is there already stays as it is. */
function withFields(metadata: Row, fields: Row): Row {
  const moved = IN_METADATA.filter((name) => fields[name] !== undefined && metadata[name] === undefined);
  return { ...metadata, ...Object.fromEntries(moved.map((name) => [name, fields[name]])) };
}

/** LiteLLM_TeamMembership: members with a budget or something spent. */
export function membershipRows({ records, findings }: ExportContext): Row[] {
  for (const { team_id, user_id, models } of records.members) {
    const level = records.levels.get(levelName('member', `${team_id}${UNIT_SEPARATOR}${user_id}`));
    const allowed = records.levels.get(levelName('budget', level?.budget_id ?? ''))?.profile.allowed_models ?? [];
    if (String(models) !== String(allowed))
      findings.add({ level: 'note', kind: 'member', code: 'not-carried', field: 'allowed_models' }, `${team_id}: ${user_id}`);
  }
  return [...records.levels.values()]
    .filter(({ kind }) => kind === 'member')
    .map((level) => {
      const [team_id, user_id] = level.subject.split(UNIT_SEPARATOR);
      return { ...level.profile, team_id, user_id, spend: dollars(level.spend), budget_id: budgetOf(level) };
    });
}

export function userRows(context: ExportContext): Row[] {
  return context.records.users.map((user) => userRow(user, context));
}

function userRow(user: UserRow, context: ExportContext): Row {
  const level = context.records.levels.get(levelName('user', user.id));
  const { [FOREIGN_ROLE]: foreign, ...fields } = kept(context, 'user', [user.id, user.other_fields]);
  const role = user.role === 'internal_user' && foreign !== undefined ? foreign || null : user.role;
  return {
    ...fields,
    user_id: user.id,
    user_alias: user.alias,
    user_email: user.email ?? fields.user_email ?? null,
    user_role: role,
    sso_user_id: user.sso_user_id,
    organization_id: outside(user.organization_id, context),
    teams: context.records.members.filter(({ user_id: id }) => id === user.id).map(({ team_id: id }) => id),
    models: user.models,
    metadata: user.metadata,
    spend: dollars(level?.spend ?? '0'),
    ...limits(level),
    ...written(user),
  };
}

/** A member of an organisation must be a user there. */
export function organizationMemberRows({ records, home, findings }: ExportContext): Row[] {
  const users = new Set(records.users.map(({ id }) => id));
  return records.organizationMembers
    .filter(({ organization_id: id }) => id !== home)
    .flatMap((member) => {
      if (!users.has(member.user_id)) {
        findings.add({ level: 'refused', kind: 'organization_member', code: 'no-user' }, `${member.organization_id}: ${member.user_id}`);
        return [];
      }
      const { organization_id, user_id, role, created_at, updated_at } = member;
      return [{ organization_id, user_id, user_role: role, spend: 0, created_at: instant(created_at), updated_at: instant(updated_at) }];
    });
}

export function keyRows(context: ExportContext): Row[] {
  return context.records.keys.map((key) => keyRow(key, context));
}

function keyRow(key: KeyRow, context: ExportContext): Row {
  const { records, findings } = context;
  const fields = kept(context, 'key', [key.alias ?? key.id, key.other_fields]);
  if (key.cost_centre !== null) findings.add({ level: 'note', kind: 'key', code: 'not-carried', field: 'cost_centre' }, key.alias ?? key.id);
  if (!key.keep_content) findings.add({ level: 'note', kind: 'key', code: 'not-carried', field: 'keep_content' }, key.alias ?? key.id);
  const budgetId = records.levels.has(levelName('budget', wordOf(fields.budget_id))) ? fields.budget_id : null;
  return {
    ...fields,
    token: key.id,
    key_name: key.name,
    key_alias: key.alias ?? fields.key_alias ?? null,
    spend: dollars(key.spend),
    expires: instant(key.expires_at),
    models: key.models,
    user_id: key.user_id,
    team_id: key.team_id,
    organization_id: outside(key.organization_id, context),
    budget_id: budgetId,
    max_budget: dollars(key.max_budget),
    budget_duration: key.budget_duration,
    budget_reset_at: instant(key.budget_reset_at),
    rpm_limit: whole(key.rpm_limit),
    tpm_limit: whole(key.tpm_limit),
    max_parallel_requests: whole(key.max_parallel_requests),
    metadata: withFields(key.metadata, { ...fields, ...(key.tags.length === 0 ? {} : { tags: key.tags }) }),
    blocked: key.blocked ? true : (fields.blocked ?? null),
    ...written(key),
    created_by: key.created_by,
    updated_by: key.updated_by,
  };
}

export function replacedKeyRows({ records }: ExportContext): Row[] {
  return records.replacedKeys.map(({ id, active_id, revoke_at, created_at }) => ({
    id: id.slice(0, 32),
    token: id,
    active_token_id: active_id,
    revoke_at: instant(revoke_at),
    created_at: instant(created_at),
  }));
}

/** LiteLLM_EndUserTable and LiteLLM_TagTable. */
export function sharedLevelRows({ records }: ExportContext, kind: 'end_user' | 'tag', name: string): Row[] {
  return [...records.levels.values()]
    .filter((level) => level.kind === kind)
    .map((level) => ({
      ...Object.fromEntries(Object.entries(level.profile).filter(([field]) => !POINTERS.includes(field))),
      [name]: level.subject,
      spend: dollars(level.spend),
      budget_id: budgetOf(level),
      ...(kind === 'end_user' ? { blocked: level.blocked } : { ...written(level), created_by: level.created_by }),
    }));
}
