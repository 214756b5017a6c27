// Response headers: LiteLLM's x-litellm-* facts about a call (litellm.md §1.4) and an allow-list of the upstream's own, prefixed.
import { dashed } from '#lib/id.ts';
import { formatPicos } from '#lib/money.ts';
import type { Attempt } from './attempt.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';

/** Upstream headers that clients use; everything else (cookies, organisation ids, server names) stays behind. */
const PASSED: ReadonlySet<string> = new Set([
  'x-request-id',
  'apim-request-id',
  'x-ms-region',
  'x-ms-client-request-id',
  // Azure's own spill-over from provisioned throughput.
  'x-ms-deployment-name',
  'x-ms-spillover-from-deployment',
  'x-ms-spillover-error',
  'openai-processing-ms',
  'openai-version',
  'retry-after',
  'retry-after-ms',
]);
const RATE_LIMIT = 'x-ratelimit-';

/** The flat header list of an answer. For whole answers it is made after the settlement, so that cost and spend include this call. */
export function answerHeaders(call: Call, attempt: Pick<Attempt, 'target' | 'headers'>, deps: GatewayDeps): string[] {
  const { deployment, upstream } = attempt.target;
  const headers = [
    'x-litellm-call-id',
    dashed(call.id),
    'x-request-id',
    requestId(call),
    'x-litellm-model-id',
    headerSafe(deployment.id),
    'x-litellm-model-group',
    headerSafe(call.model),
    'x-litellm-model-api-base',
    upstream?.apiBase ?? '',
    'x-litellm-version',
    deps.version,
    'x-litellm-attempted-retries',
    String(call.retries),
    'x-litellm-attempted-fallbacks',
    String(call.fallbacks),
  ];
  if (call.costPicos !== null) headers.push('x-litellm-response-cost', formatPicos(call.costPicos));
  addGuards(call, headers);
  addKeyFacts(call, deps, headers);
  const elapsedUs = deps.clock.nowUs() - call.startedAtUs;
  headers.push('x-litellm-response-duration-ms', milliseconds(elapsedUs), 'x-litellm-overhead-duration-ms', milliseconds(elapsedUs - call.upstreamUs));
  for (const name in attempt.headers) {
    if (!PASSED.has(name) && !name.startsWith(RATE_LIMIT)) continue;
    const value = attempt.headers[name];
    if (typeof value === 'string') headers.push(`llm_provider-${name}`, value);
  }
  return headers;
}

/** The headers that also errors carry. */
export function errorHeaders(call: Call, deps: GatewayDeps): string[] {
  const headers = ['x-litellm-call-id', dashed(call.id), 'x-request-id', requestId(call), 'x-litellm-version', deps.version];
  if (call.model !== '') headers.push('x-litellm-model-group', headerSafe(call.model));
  headers.push('x-litellm-attempted-retries', String(call.retries), 'x-litellm-attempted-fallbacks', String(call.fallbacks));
  addGuards(call, headers);
  return headers;
}

/** Absent when no guard looked. */
function addGuards({ guards }: Call, headers: string[]): void {
  const applied = guards?.applied ?? [];
  if (applied.length > 0) headers.push('x-litellm-applied-guardrails', applied.map(headerSafe).join(','));
}

/** The client's own id of the request, else the call's: SDKs show this header as the request's id. */
function requestId(call: Call): string {
  const given = call.request.headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,200}$/.test(given) ? given : dashed(call.id);
}

function addKeyFacts(call: Call, deps: GatewayDeps, headers: string[]): void {
  const { key } = call;
  if (key === null) return;
  headers.push('x-litellm-key-spend', formatPicos(deps.budgets.spentPicos(key.claims[0]?.account ?? '')));
  if (key.maxBudgetPicos !== null) headers.push('x-litellm-key-max-budget', formatPicos(key.maxBudgetPicos));
  if (key.rpmLimit !== null) headers.push('x-litellm-key-rpm-limit', String(key.rpmLimit));
  if (key.tpmLimit !== null) headers.push('x-litellm-key-tpm-limit', String(key.tpmLimit));
}

function milliseconds(us: number): string {
  return (us / 1000).toFixed(2);
}

/** Model names may be any text; a header takes printable ASCII only. */
function headerSafe(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text.slice(0, 200));
}
