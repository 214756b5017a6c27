// A virtual key as LiteLLM's clients read it (litellm.md §1.5). Never the key itself: `token` is its SHA-256.
import type { VirtualKeyRecord } from '#identity/virtual-keys.ts';
import { picosToNumber } from '#lib/money.ts';
import { rolledOver } from './level-view.ts';

/** The key object of /key/list, /key/info (as `info`, without `token`), /key/block. */
export function keyView(record: VirtualKeyRecord): Record<string, unknown> {
  return {
    ...record.otherFields,
    ...rolledOver(record.otherFields),
    token: record.id,
    key_name: record.name,
    key_alias: record.alias,
    spend: picosToNumber(record.spendPicos),
    max_budget: record.maxBudgetPicos === null ? null : picosToNumber(record.maxBudgetPicos),
    budget_duration: record.budgetDuration,
    budget_reset_at: record.budgetResetAt?.toISOString() ?? null,
    expires: record.expiresAtMs === null ? null : new Date(record.expiresAtMs).toISOString(),
    models: record.models,
    user_id: record.userId,
    team_id: record.teamId,
    team_alias: record.teamAlias,
    max_parallel_requests: record.maxParallelRequests,
    tpm_limit: record.tpmLimit,
    rpm_limit: record.rpmLimit,
    metadata: record.metadata,
    tags: record.tags,
    blocked: record.blocked,
    organization_id: record.organizationId,
    project_id: record.projectId,
    litellm_budget_table: null,
    created_at: record.createdAt.toISOString(),
    created_by: record.createdBy,
    updated_at: record.updatedAt.toISOString(),
    updated_by: record.updatedBy,
  };
}
