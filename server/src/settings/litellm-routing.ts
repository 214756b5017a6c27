// router_settings of config.yaml: strategy, the lists of fallbacks by kind of failure, retries by kind of failure, rests and tags.
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
  const restSeconds = first(both, (section) => section.number('cooldown_time', { min: 0, max: 86_400 }));
  return {
    strategy: first(router, strategyOf) ?? 'simple-shuffle',
    latencyBuffer: first(router, (section) => section.section('routing_strategy_args').number('lowest_latency_buffer', { min: 0, max: 100 })) ?? 0,
    contextWindowFallbacks: readFallbacks(both, 'context_window_fallbacks'),
    contentPolicyFallbacks: readFallbacks(both, 'content_policy_fallbacks'),
    maxFallbacks: first(router, (section) => section.number('max_fallbacks', { integer: true, min: 0, max: 20 })) ?? MAX_FALLBACKS,
    retryPolicy: first(router, (section) => policyIn(section, 'retry_policy')) ?? {},
    groupRetryPolicy: first(router, groupPolicies) ?? {},
    restMs: restSeconds === null ? null : Math.round(restSeconds * 1000),
    allowedFails: first(both, (section) => section.number('allowed_fails', { integer: true, min: 0, max: 1_000_000 })),
    restsDisabled: first(router, (section) => section.boolean('disable_cooldowns')) ?? false,
    tagFiltering: first(router, (section) => section.boolean('enable_tag_filtering')) ?? false,
    matchAnyTag: first(router, (section) => section.boolean('tag_filtering_match_any')) ?? true,
  };
}

function strategyOf(section: Section): Routing['strategy'] | null {
  const value = section.text('routing_strategy');
  if (value === null) return null;
  const strategy = STRATEGIES.find((candidate) => candidate === value);
  if (strategy === undefined) section.fault('routing_strategy', `must be one of ${STRATEGIES.join(', ')}`);
  return strategy ?? null;
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
