// Bodies of /key/generate and /key/update (litellm.md §1.5): what is validated, what is acted on, and what is kept to be given back.
import { z } from 'zod';
import { ROUTES_OF_KEY_TYPE } from '#gateway/allowed-routes.ts';
import type { VirtualKeyFields } from '#identity/virtual-keys.ts';
import { durationMs } from '#lib/duration.ts';
import { amount, duration, id, json, keptFields, limit, modelLimitFields, refuseUnstorable, text, toPicos } from './body-fields.ts';

const fields = {
  key_alias: text.nullish(),
  duration,
  models: z.array(text).max(1_000).nullish(),
  spend: amount,
  max_budget: amount,
  budget_duration: duration,
  user_id: id.nullish(),
  team_id: id.nullish(),
  max_parallel_requests: limit,
  tpm_limit: limit,
  rpm_limit: limit,
  metadata: json,
  blocked: z.boolean().nullish(),
  tags: z.array(text).max(200).nullish(),
  organization_id: text.nullish(),
  project_id: text.nullish(),
};

/** Acted on, and stored among the fields that are given back as they came. */
const ruleFields = {
  ...modelLimitFields,
  budget_id: id.nullish(),
  aliases: z.record(text, text).nullish(),
  allowed_routes: z.array(text.min(1)).max(200).nullish(),
  key_type: z.enum(['default', 'llm_api', 'management', 'read_only']).nullish(),
  temp_budget_increase: amount,
  temp_budget_expiry: z
    .string()
    .refine((value) => /^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(Date.parse(value)), 'must be a date or an instant, for example "2026-10-15"')
    .nullish(),
};

/** LiteLLM keeps the two together: an increase without an end would be no temporary one. */
function refuseHalfRaise(body: { temp_budget_increase?: unknown; temp_budget_expiry?: unknown }, context: z.RefinementCtx): void {
  const missing = body.temp_budget_increase && !body.temp_budget_expiry ? 'temp_budget_expiry' : null;
  if (missing !== null) context.addIssue({ code: 'custom', path: [missing], message: 'is missing: until when the budget is larger' });
}

/** Unknown fields pass: LiteLLM's clients send more than we act on. */
export const generateBody = z
  .looseObject({
    ...fields,
    ...ruleFields,
    key: z
      .string()
      .regex(/^sk-[\x21-\x7e]{1,500}$/, 'must start with "sk-" and hold no spaces')
      .nullish(),
  })
  .superRefine(refuseUnstorable)
  .superRefine(refuseHalfRaise);

export const updateBody = z
  .looseObject({ ...fields, ...ruleFields, key: z.string().min(1).max(1_000).nullish() })
  .superRefine(refuseUnstorable)
  .superRefine(refuseHalfRaise);

export type GenerateBody = z.infer<typeof generateBody>;
export type UpdateBody = z.infer<typeof updateBody>;

/** Limits of LiteLLM that this version keeps and gives back but does not hold anybody to; named in the answer's header. */
const UNENFORCED_LIMITS = ['mcp_rpm_limit', 'tag_rpm_limit', 'soft_budget', 'allowed_cache_controls', 'enforced_params', 'throttle_on_budget_exceeded'];

/** `rolled_over` is what a window was given: told, never taken from a body. */
const OWN_FIELDS = new Set([...Object.keys(fields), 'key', 'rolled_over']);

/** The body's fields as the key's record takes them: absent stays absent, null clears. */
export function toKeyFields(body: GenerateBody | UpdateBody, nowMs: number): VirtualKeyFields {
  const changes: VirtualKeyFields = {};
  const { models, metadata, blocked, tags } = body;
  if (body.key_alias !== undefined) changes.alias = body.key_alias;
  if (body.duration !== undefined) changes.expiresAt = body.duration === null ? null : new Date(nowMs + (durationMs(body.duration) as number));
  if (models !== undefined) changes.models = models;
  if (body.spend !== undefined) changes.spendPicos = toPicos(body.spend);
  if (body.max_budget !== undefined) changes.maxBudgetPicos = toPicos(body.max_budget);
  if (body.user_id !== undefined) changes.userId = body.user_id;
  if (body.team_id !== undefined) changes.teamId = body.team_id;
  if (metadata !== undefined) {
    changes.metadata = metadata;
    // LiteLLM's name of the switch, for one key.
    changes.keepContent = metadata?.turn_off_message_logging !== true;
  }
  if (blocked !== undefined) changes.blocked = blocked;
  if (tags !== undefined) changes.tags = tags;
  if (body.project_id) changes.projectId = body.project_id;
  return { ...changes, ...limitsOf(body) };
}

function limitsOf(body: GenerateBody | UpdateBody): VirtualKeyFields {
  const changes: VirtualKeyFields = {};
  if (body.rpm_limit !== undefined) changes.rpmLimit = body.rpm_limit;
  if (body.tpm_limit !== undefined) changes.tpmLimit = body.tpm_limit;
  if (body.max_parallel_requests !== undefined) changes.maxParallelRequests = body.max_parallel_requests;
  if (body.budget_duration !== undefined) changes.budgetDuration = body.budget_duration;
  return changes;
}

/** The fields that are kept as they came, on top of those kept before; null takes one away. */
export function keptKeyFields(body: GenerateBody | UpdateBody, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { key_type: type, ...rest } = body;
  // The type is a short way to say which routes, as in LiteLLM; routes that are named win.
  const routes = type && rest.allowed_routes === undefined ? { allowed_routes: ROUTES_OF_KEY_TYPE[type] } : {};
  return keptFields({ ...rest, ...routes }, OWN_FIELDS, before);
}

/** Names of limits in the body that nothing enforces; a soft budget is one where nobody is told of budgets. */
export function unenforced(body: GenerateBody | UpdateBody, tellsBudgets: boolean): string[] {
  return UNENFORCED_LIMITS.filter((name) => {
    if (name === 'soft_budget' && tellsBudgets) return false;
    const value = body[name];
    return value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
  });
}
