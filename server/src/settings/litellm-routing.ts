// router_settings of config.yaml: strategy, the lists of fallbacks by kind of failure, retries by kind of failure, rests, tags, budgets of providers, affinity.
import { decimal, duration } from './deployment.ts';
import { readFallbacks } from './litellm-lists.ts';
import { isRecord, type Section } from './section.ts';
import type { GatewayConfig } from './settings.ts';

export type Routing = GatewayConfig['routing'];

const STRATEGIES = ['simple-shuffle', 'least-busy', 'usage-based-routing', 'usage-based-routing-v2', 'latency-based-routing', 'cost-based-routing'] as const;
const MAX_FALLBACKS = 5;

/** LiteLLM's names in a retry_policy -> the class of the failure. */
const POLICY_CLASSES: Readonly<Record<string, string>> = {
  BadRequestErrorRetries: 'BadRequestError',
  AuthenticationErrorRetries: 'AuthenticationError',
  TimeoutErrorRetries: 'Timeout',
  RateLimitErrorRetries: 'RateLimitError',
  ContentPolicyViolationErrorRetries: 'ContentPolicyViolationError',
  InternalServerErrorRetries: 'InternalServerError',
};

/** @param both router_settings and then litellm_settings: LiteLLM takes the lists from either. */
export function readRouting(router: readonly Section[], both: readonly Section[]): Routing {
  const first = <Value>(sections: readonly Section[], read: (section: Section) => Value | null): Value | null => {
    for (const section of sections) {
      const value = read(section);
      if (value !== null) return value;
    }
    return null;
  };
  const hedgeAfterMs = first(router, hedging);
  const restSeconds = first(both, (section) => section.number('cooldown_time', { min: 0, max: 86_400 }));
  return {
    strategy: first(router, strategyOf) ?? 'simple-shuffle',
    latencyBuffer: first(router, (section) => section.section('routing_strategy_args').number('lowest_latency_buffer', { min: 0, max: 100 })) ?? 0,
    contextWindowFallbacks: readFallbacks(both, 'context_window_fallbacks'),
    contentPolicyFallbacks: readFallbacks(both, 'content_policy_fallbacks'),
    maxFallbacks: first(router, (section) => section.number('max_fallbacks', { integer: true, min: 0, max: 20 })) ?? MAX_FALLBACKS,
    retryPolicy: first(router, (section) => policyIn(section, 'retry_policy')) ?? {},
    groupRetryPolicy: first(router, groupPolicies) ?? {},
    ...(hedgeAfterMs === null ? {} : { hedgeAfterMs }),
    restMs: restSeconds === null ? null : Math.round(restSeconds * 1000),
    allowedFails: first(both, (section) => section.number('allowed_fails', { integer: true, min: 0, max: 1_000_000 })),
    restsDisabled: first(router, (section) => section.boolean('disable_cooldowns')) ?? false,
    providerBudgets: first(router, providerBudgets) ?? {},
    preCallChecks: first(router, (section) => section.boolean('enable_pre_call_checks')) ?? false,
    affinity: readAffinity(router, first),
    tagFiltering: first(router, (section) => section.boolean('enable_tag_filtering')) ?? false,
    matchAnyTag: first(router, (section) => section.boolean('tag_filtering_match_any')) ?? true,
  };
}

/** Ours: `hedge_after_seconds: {gpt-4o: 1.5}`. */
function hedging(section: Section): Record<string, number> | null {
  if (!section.has('hedge_after_seconds')) return null;
  const models = section.section('hedge_after_seconds');
  const seconds = models.keys().map((name) => [name, models.number(name, { min: 0.01, max: 600 })] as const);
  return Object.fromEntries(seconds.flatMap(([name, value]) => (value === null ? [] : [[name, Math.round(value * 1000)]])));
}

function strategyOf(section: Section): Routing['strategy'] | null {
  const value = section.text('routing_strategy');
  if (value === null) return null;
  const strategy = STRATEGIES.find((candidate) => candidate === value);
  if (strategy === undefined) section.fault('routing_strategy', `must be one of ${STRATEGIES.join(', ')}`);
  return strategy ?? null;
}

/** `{openai: {budget_limit: 100, time_period: 1d}}`; max_budget and budget_duration are LiteLLM's older names. */
function providerBudgets(section: Section): Routing['providerBudgets'] | null {
  if (!section.has('provider_budget_config')) return null;
  const providers = section.section('provider_budget_config');
  const budgets: Record<string, { max: string; duration: string }> = {};
  for (const name of providers.keys()) {
    if (!isRecord(providers.raw(name))) {
      providers.fault(name, 'must be a mapping with budget_limit and time_period');
      continue;
    }
    const budget = providers.section(name);
    const max = decimal(budget, 'budget_limit') ?? decimal(budget, 'max_budget');
    const length = duration(budget, 'time_period') ?? duration(budget, 'budget_duration');
    if (max !== null && length !== null) budgets[name] = { max, duration: length };
    else if (max === null) budget.fault('budget_limit', 'is missing: what may be spent on the provider');
    else budget.fault('time_period', 'is missing, for example "1d" or "30d"');
  }
  return budgets;
}

const AFFINITY_CHECKS = ['session_affinity', 'deployment_affinity'];
/** Checks that are in force without being asked for: provider_budget_config switches its own on. */
const IMPLIED_CHECKS = ['router_budget_limiting'];
const AFFINITY_MS = 3_600_000;

function readAffinity(
  router: readonly Section[],
  first: <Value>(sections: readonly Section[], read: (section: Section) => Value | null) => Value | null,
): Routing['affinity'] {
  const seconds = first(router, (section) => section.number('deployment_affinity_ttl_seconds', { min: 1, max: 31_536_000 }));
  return {
    checks: first(router, (section) => (section.has('optional_pre_call_checks') ? checksIn(section, 'optional_pre_call_checks') : null)) ?? [],
    byModel: first(router, affinityByModel) ?? {},
    ttlMs: seconds === null ? AFFINITY_MS : Math.round(seconds * 1000),
  };
}

function checksIn(section: Section, key: string): string[] {
  const named = section.texts(key);
  const unknown = named.filter((name) => !AFFINITY_CHECKS.includes(name) && !IMPLIED_CHECKS.includes(name));
  if (unknown.length > 0) section.warn(key, `names ${unknown.join(', ')}, which this version does not act on yet; ${AFFINITY_CHECKS.join(' and ')} are`);
  return named.filter((name) => AFFINITY_CHECKS.includes(name));
}

function affinityByModel(section: Section): Record<string, string[]> | null {
  if (!section.has('model_group_affinity_config')) return null;
  const models = section.section('model_group_affinity_config');
  return Object.fromEntries(models.keys().map((name) => [name, checksIn(models, name)]));
}

function policyIn(section: Section, key: string): Record<string, number> | null {
  return section.has(key) ? policyOf(section.section(key)) : null;
}

function policyOf(policy: Section): Record<string, number> {
  const retries: Record<string, number> = {};
  for (const [name, errorClass] of Object.entries(POLICY_CLASSES)) {
    const count = policy.number(name, { integer: true, min: 0, max: 100 });
    if (count !== null) retries[errorClass] = count;
  }
  for (const name of policy.leftOver()) policy.warn(name, `is not a kind of failure; ${Object.keys(POLICY_CLASSES).join(', ')} are`);
  return retries;
}

function groupPolicies(section: Section): Record<string, Record<string, number>> | null {
  if (!section.has('model_group_retry_policy')) return null;
  const groups = section.section('model_group_retry_policy');
  return Object.fromEntries(groups.keys().flatMap((name) => (isRecord(groups.raw(name)) ? [[name, policyOf(groups.section(name))]] : [])));
}
