// The tries of a call, whatever is tried: again after a failure that passes, at another deployment of the model, then the fallback models, all within one deadline.
import { mayUseModel } from './access.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { ClientGone, type Failure } from './errors.ts';
import { decide } from './fallback.ts';
import type { Asked } from './request.ts';
import { hasOthers, type Trail } from './route.ts';
import { sleep } from './sleep.ts';
import type { Target } from './target.ts';
import { BUDGET_CLASS } from './target-budgets.ts';

export interface Tries<Answered> {
  readonly deadlineMs: number;
  /** One try; notes on the trail which deployment it was. */
  attempt(trail: Trail): Promise<Answered | Failure>;
  hasAnswered(outcome: Answered | Failure): outcome is Answered;
  /** Makes another model the call's. */
  fallBack(model: string): void | Promise<void>;
}

/** What answered, or the last failure. @throws ClientGone when the client has left. */
export async function tryUntil<Answered>(call: Call, { clock }: GatewayDeps, tries: Tries<Answered>): Promise<Answered | Failure> {
  const trail: Trail = { tried: new Set(), overBudget: new Set(), last: null };
  const models = new Set([call.model]);
  for (let failures = 1; ; failures++) {
    const outcome = await tries.attempt(trail);
    if (tries.hasAnswered(outcome)) return outcome;
    if (call.gone) throw new ClientGone();
    const nowMs = clock.nowMs();
    const next = decide({
      status: outcome.status,
      errorClass: outcome.errorClass ?? '',
      retryAfterMs: outcome.retryAfterMs,
      failures,
      maxRetries: maxRetries(call, trail.last as Target),
      policyRetries: policyRetries(call, outcome.errorClass),
      othersAwake: hasOthers(call, trail, nowMs),
      nextModel: nextModel(call, models, outcome.errorClass),
      remainingMs: tries.deadlineMs - nowMs,
    });
    if (next.action === 'stop') return outcome;
    if (next.action === 'retry') {
      call.retries++;
      if (next.delayMs > 0) await sleep(call, next.delayMs);
    } else {
      await tries.fallBack(next.model);
      models.add(next.model);
      trail.tried.clear();
      trail.overBudget.clear();
      failures = 0;
    }
  }
}

function maxRetries(call: Call, target: Target): number {
  const header = call.request.headers['x-litellm-num-retries'];
  const asked = typeof header === 'string' && /^\d{1,2}$/.test(header) ? Math.min(Number(header), 10) : null;
  return call.asked?.retries ?? asked ?? target.deployment.maxRetries ?? call.snapshot.config.retries;
}

/** Tries that the retry policy states for this class of failure; null = it states none. */
function policyRetries(call: Call, errorClass: string | null): number | null {
  const { retryPolicy, groupRetryPolicy } = call.snapshot.config.routing;
  if (errorClass === null) return null;
  // A budget that is used up is not waited for.
  if (errorClass === BUDGET_CLASS) return 0;
  const ofGroup = Object.hasOwn(groupRetryPolicy, call.model) ? groupRetryPolicy[call.model]?.[errorClass] : undefined;
  return ofGroup ?? retryPolicy[errorClass] ?? null;
}

/** The next model of the fallback list that exists, was not tried and may be used by the key. A list for the kind of failure goes before the general one. */
function nextModel(call: Call, tried: ReadonlySet<string>, errorClass: string | null): string | null {
  const { fallbacks, routing } = call.snapshot.config;
  if (call.fallbacks >= routing.maxFallbacks || call.pinnedTo !== null) return null;
  const asked = call.asked as Asked;
  const listed = (lists: Readonly<Record<string, readonly string[]>>) => {
    for (const name of [asked.model, call.group?.name ?? '', '*']) if (Object.hasOwn(lists, name)) return lists[name];
    return undefined;
  };
  const ofKind =
    errorClass === 'ContextWindowExceededError'
      ? listed(routing.contextWindowFallbacks)
      : errorClass === 'ContentPolicyViolationError'
        ? listed(routing.contentPolicyFallbacks)
        : undefined;
  const list = asked.fallbacks ?? ofKind ?? listed(fallbacks) ?? [];
  for (const name of list) {
    if (tried.has(name) || call.snapshot.resolve(name) === null) continue;
    if (call.key === null || mayUseModel(call.key, name, call.snapshot)) return name;
  }
  return null;
}
