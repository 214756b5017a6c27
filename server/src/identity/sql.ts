// The statements of identity about virtual keys: one function a statement, values always bound.
import { parsePicos } from '#lib/money.ts';
import type { Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
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
  keep_content: boolean;
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
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

/** Every key that meets the condition (columns of virtual_keys as `k`), joined with its team and project: a blocked team blocks its keys. */
export function virtualKeyRows(condition: Statement, tail: Statement = sql``): Statement {
  return sql`
    SELECT k.id, k.alias, k.name, k.models, k.max_budget, k.budget_duration, k.budget_reset_at, k.spend, k.rpm_limit, k.tpm_limit,
      k.max_parallel_requests, k.expires_at, k.blocked OR COALESCE(t.blocked, false) AS blocked, k.team_id, t.alias AS team_alias, k.user_id,
      k.organization_id, k.project_id, COALESCE(k.cost_centre, t.cost_centre) AS cost_centre, k.tags, k.metadata, k.other_fields,
      k.keep_content AND p.keep_content AS keep_content, k.created_at, k.created_by, k.updated_at, k.updated_by
    FROM virtual_keys k JOIN projects p ON p.id = k.project_id LEFT JOIN teams t ON t.id = k.team_id
    WHERE ${condition} ${tail}`;
}

/** Row -> record. Amounts become picos, limits numbers, the expiry epoch milliseconds. */
export function toVirtualKey(row: VirtualKeyRow): VirtualKeyRecord {
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
    blocked: row.blocked,
    teamId: row.team_id,
    teamAlias: row.team_alias,
    userId: row.user_id,
    organizationId: row.organization_id,
    costCentre: row.cost_centre,
    projectId: row.project_id,
    tags: Object.freeze(row.tags),
    metadata: row.metadata,
    keepContent: row.keep_content,
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

function toNumber(value: string | null): number | null {
  return value === null ? null : Number(value);
}
