// The statements of identity about virtual keys: one function a statement, values always bound.
import { parsePicos } from '#lib/money.ts';
import type { Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { accountOf, carriedOf, type Governing, governingOf, type Level, type LevelLimits, type ModelList, memberId, raiseOf } from './governing.ts';
import { mcpGrants } from './mcp-grants.ts';
import type { VirtualKey } from './principal.ts';

/** A virtual key with what only its administration needs. */
export interface VirtualKeyRecord extends VirtualKey {
  readonly spendPicos: bigint;
  readonly budgetDuration: string | null;
  readonly budgetResetAt: Date | null;
  /** Request fields of LiteLLM that are kept and given back but not acted on. */
  readonly otherFields: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly createdBy: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string | null;
}

/** A row of `virtualKeyRows`. */
export interface VirtualKeyRow {
  id: string;
  account: string | null;
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
  team_alias: string | null;
  user_id: string | null;
  organization_id: string;
  project_id: string;
  cost_centre: string | null;
  tags: string[];
  metadata: Record<string, unknown>;
  other_fields: Record<string, unknown>;
  team_guards: unknown;
  team_field_guards: unknown;
  team_permission: unknown;
  keep_content: boolean;
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
  team_models: string[] | null;
  team_aliases: Record<string, string> | null;
  organization_models: string[] | null;
  user_models: string[] | null;
  member_models: string[] | null;
  /** Rows of spend_limits that govern the key, shared budgets filled in; null = none. */
  levels: LevelRow[] | null;
}

interface LevelRow {
  kind: 'budget' | Level;
  subject: string;
  max_budget: string | null;
  rpm_limit: number | null;
  tpm_limit: number | null;
  max_parallel_requests: number | null;
  model_limits: Record<string, unknown>;
  budget_id: string | null;
  blocked: boolean;
  /** When the level's window ends, its own or the one that it shares. */
  resets_at: string | null;
}

/** The columns that a key is written with; also the list that a patch may name. */
export const WRITABLE_COLUMNS = [
  'alias',
  'models',
  'max_budget',
  'budget_duration',
  'budget_reset_at',
  'spend',
  'rpm_limit',
  'tpm_limit',
  'max_parallel_requests',
  'expires_at',
  'blocked',
  'team_id',
  'user_id',
  'project_id',
  'cost_centre',
  'tags',
  'metadata',
  'other_fields',
  'keep_content',
  'updated_by',
] as const;

/** The limits of a row of spend_limits `s`, filled in by its shared budget `b`, as one JSON object. */
const LEVEL_OBJECT = sql`jsonb_build_object('kind', s.kind, 'subject', s.subject, 'max_budget', COALESCE(s.max_budget, b.max_budget)::text,
  'rpm_limit', COALESCE(s.rpm_limit, b.rpm_limit), 'tpm_limit', COALESCE(s.tpm_limit, b.tpm_limit),
  'max_parallel_requests', COALESCE(s.max_parallel_requests, b.max_parallel_requests),
  'model_limits', COALESCE(b.model_limits, '{}') || s.model_limits, 'budget_id', s.budget_id, 'blocked', s.blocked,
  'resets_at', COALESCE(s.budget_reset_at, b.budget_reset_at))`;

/**
 * Every key that meets the condition (columns of virtual_keys as `k`), joined with its team, project and everything that governs it: what blocks a level
 * blocks its keys. An old hash of a regenerated key (`r`) opens the key until it is revoked.
 */
export function virtualKeyRows(condition: Statement, tail: Statement = sql``): Statement {
  return sql`
    SELECT k.id, k.account, k.alias, k.name, k.models, k.max_budget, k.budget_duration, k.budget_reset_at, k.spend, k.rpm_limit, k.tpm_limit,
      k.max_parallel_requests, k.expires_at, k.blocked OR COALESCE(t.blocked, false) AS blocked, k.team_id, t.alias AS team_alias, k.user_id,
      k.organization_id, k.project_id, COALESCE(k.cost_centre, t.cost_centre) AS cost_centre, k.tags, k.metadata, k.other_fields,
      k.keep_content AND p.keep_content AS keep_content, k.created_at, k.created_by, k.updated_at, k.updated_by,
      t.metadata -> 'guardrails' AS team_guards, t.other_fields -> 'guardrails' AS team_field_guards,
      t.other_fields -> 'object_permission' AS team_permission, t.models AS team_models, t.model_aliases AS team_aliases, o.models AS organization_models, u.models AS user_models, m.models AS member_models, g.levels
    FROM virtual_keys k JOIN projects p ON p.id = k.project_id LEFT JOIN teams t ON t.id = k.team_id
    LEFT JOIN organizations o ON o.id = k.organization_id LEFT JOIN internal_users u ON u.id = k.user_id
    LEFT JOIN team_members m ON m.team_id = k.team_id AND m.user_id = k.user_id
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(${LEVEL_OBJECT}) AS levels
      FROM spend_limits s LEFT JOIN spend_limits b ON b.kind = 'budget' AND b.subject = s.budget_id
      WHERE s.is_registered AND ((s.kind = 'team' AND s.subject = k.team_id) OR (s.kind = 'user' AND s.subject = k.user_id)
        OR (s.kind = 'member' AND s.subject = k.team_id || chr(31) || k.user_id) OR (s.kind = 'organization' AND s.subject = k.organization_id)
        OR (s.kind = 'budget' AND s.subject = k.other_fields ->> 'budget_id'))
    ) g ON true
    WHERE ${condition} ${tail}`;
}

/** `guardrails` of the key and its team, as fields or in the metadata; nothing when there are none. */
function guardsOf(row: VirtualKeyRow): Pick<VirtualKey, 'guardrails' | 'skipsDefaultGuards'> {
  const lists = [row.other_fields.guardrails, row.metadata.guardrails, row.team_guards, row.team_field_guards];
  const names = lists.flatMap((list) => (Array.isArray(list) ? list.filter((name): name is string => typeof name === 'string') : []));
  const skips = row.other_fields.disable_global_guardrails === true || row.metadata.disable_global_guardrails === true;
  return { ...(names.length === 0 ? {} : { guardrails: Object.freeze([...new Set(names)]) }), ...(skips ? { skipsDefaultGuards: true } : {}) };
}

/** `object_permission` of the key and its team. */
function mcpOf(row: VirtualKeyRow): Pick<VirtualKey, 'mcp'> {
  const grants = mcpGrants(row.other_fields.object_permission, row.team_permission);
  return grants.length === 0 ? {} : { mcp: Object.freeze(grants) };
}

/** Row -> record. Amounts become picos, limits numbers, the expiry epoch milliseconds. */
export function toVirtualKey(row: VirtualKeyRow): VirtualKeyRecord {
  const levels = row.levels ?? [];
  const governing = governingOfKey(row, levels);
  return Object.freeze({
    id: row.id,
    alias: row.alias,
    name: row.name,
    models: Object.freeze(row.models),
    maxBudgetPicos: row.max_budget === null ? null : parsePicos(row.max_budget),
    rpmLimit: toNumber(row.rpm_limit),
    tpmLimit: toNumber(row.tpm_limit),
    maxParallelRequests: toNumber(row.max_parallel_requests),
    expiresAtMs: row.expires_at === null ? null : row.expires_at.getTime(),
    blocked: row.blocked || levels.some((level) => level.blocked),
    teamId: row.team_id,
    teamAlias: row.team_alias,
    userId: row.user_id,
    organizationId: row.organization_id,
    costCentre: row.cost_centre,
    projectId: row.project_id,
    tags: Object.freeze(row.tags),
    metadata: row.metadata,
    keepContent: row.keep_content,
    claims: Object.freeze(governing.claims.filter(({ model }) => model === null)),
    modelClaims: Object.freeze(governing.claims.filter(({ model }) => model !== null)),
    limiters: Object.freeze(governing.limiters),
    modelLists: Object.freeze(modelListsOf(row)),
    aliases: aliasesOf(row),
    ...routesOf(row.other_fields.allowed_routes),
    ...guardsOf(row),
    ...mcpOf(row),
    sharedBudgets: Object.freeze([...levels.map((level) => level.budget_id), row.other_fields.budget_id].filter((id) => typeof id === 'string')),
    spendPicos: parsePicos(row.spend),
    budgetDuration: row.budget_duration,
    budgetResetAt: row.budget_reset_at,
    otherFields: row.other_fields,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  });
}

function governingOfKey(row: VirtualKeyRow, levels: readonly LevelRow[]): Governing {
  const rowOf = (kind: LevelRow['kind']) => levels.find((level) => level.kind === kind);
  const shared = rowOf('budget');
  const fields = { ...shared?.model_limits, ...row.other_fields };
  const sharedEnd = shared?.resets_at ? Date.parse(shared.resets_at) : null;
  const own: LevelLimits = {
    maxBudget: row.max_budget ?? shared?.max_budget ?? null,
    rpmLimit: toNumber(row.rpm_limit) ?? shared?.rpm_limit ?? null,
    tpmLimit: toNumber(row.tpm_limit) ?? shared?.tpm_limit ?? null,
    maxParallelRequests: toNumber(row.max_parallel_requests) ?? shared?.max_parallel_requests ?? null,
    modelLimits: fields,
    raise: raiseOf(row.other_fields),
    carried: carriedOf(fields, row.budget_reset_at?.getTime() ?? sharedEnd),
  };
  const parts = [governingOf('key', row.id, own, accountOf('key', row.account ?? row.id))];
  if (row.team_id !== null) parts.push(governingOf('team', row.team_id, limitsOf(rowOf('team'))));
  if (row.user_id !== null) parts.push(governingOf('user', row.user_id, personal(limitsOf(rowOf('user')), row.team_id)));
  if (row.team_id !== null && row.user_id !== null) parts.push(governingOf('member', memberId(row.team_id, row.user_id), limitsOf(rowOf('member'))));
  parts.push(governingOf('organization', row.organization_id, limitsOf(rowOf('organization'))));
  return { claims: parts.flatMap(({ claims }) => claims), limiters: parts.flatMap(({ limiters }) => limiters) };
}

function limitsOf(row: LevelRow | undefined): LevelLimits {
  if (row === undefined) return {};
  return {
    maxBudget: row.max_budget,
    rpmLimit: row.rpm_limit,
    tpmLimit: row.tpm_limit,
    maxParallelRequests: row.max_parallel_requests,
    modelLimits: row.model_limits,
    carried: carriedOf(row.model_limits, row.resets_at === null ? null : Date.parse(row.resets_at)),
  };
}

/** The budget of a person governs the keys that belong to no team; the rates always hold (litellm.md §3.2). */
function personal(limits: LevelLimits, teamId: string | null): LevelLimits {
  if (teamId === null) return limits;
  const { budget_limits: _, model_max_budget: __, ...rest } = limits.modelLimits ?? {};
  return { ...limits, maxBudget: null, modelLimits: rest, carried: undefined };
}

function modelListsOf(row: VirtualKeyRow): ModelList[] {
  const lists: ModelList[] = [];
  const push = (level: Level, models: readonly string[] | null): void => {
    if (models !== null && models.length > 0) lists.push({ level, models: Object.freeze([...models]) });
  };
  // In a team, "all-team-models" leaves the decision to the team's list.
  if (row.team_id === null || !row.models.includes('all-team-models')) push('key', row.models);
  push('team', row.team_models);
  push('member', row.member_models);
  if (row.team_id === null) push('user', row.user_models);
  push('organization', row.organization_models);
  return lists;
}

/** An empty list is no list, as in LiteLLM. */
function routesOf(list: unknown): Pick<VirtualKey, 'allowedRoutes'> {
  const routes = Array.isArray(list) ? list.filter((route): route is string => typeof route === 'string') : [];
  return routes.length === 0 ? {} : { allowedRoutes: Object.freeze(routes) };
}

function aliasesOf(row: VirtualKeyRow): Readonly<Record<string, string>> | null {
  const own = row.other_fields.aliases;
  const named = Object.entries({ ...row.team_aliases, ...(typeof own === 'object' && own !== null ? own : {}) }).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return named.length === 0 ? null : Object.freeze(Object.fromEntries(named));
}

function toNumber(value: string | null): number | null {
  return value === null ? null : Number(value);
}
