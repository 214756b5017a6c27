// Whether a call may go on: the model exists and the key may use it, the rate and parallel limits have room, the budgets cover the reservation.
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { formatPicos } from '#lib/money.ts';
import type { WindowLimit } from '#stores/coordination/port.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import type { BudgetAnswer } from './ports.ts';
import type { Asked } from './request.ts';
import { reservationFor } from './reservation.ts';
import type { Group } from './snapshot.ts';

const MINUTE_MS = 60_000;

/**
 * Admits a call: sets its group, takes its limits and its reservation. A promise only when the coordination store is remote.
 * @throws AppError 400 unknown model, model denied (configured status), 429 limits, budget exceeded (configured status).
 */
export function admit(call: Call, deps: GatewayDeps): void | Promise<void> {
  const asked = call.asked as Asked;
  const { config } = call.snapshot;
  if (call.key !== null && !mayUseModel(call.key, asked.model, config.modelAliases)) throw modelDenied(call.key, asked.model, config.compat.modelDeniedStatus);
  const group = call.snapshot.resolve(asked.model);
  if (group === null) throw unknownModel(call.route, asked.model);
  call.group = group;
  call.model = asked.model;
  const limited = takeLimits(call, deps);
  if (limited instanceof Promise) return limited.then(() => reserve(call, deps, group));
  return reserve(call, deps, group);
}

/** Whether a key's model list names a model: exactly, by its alias, by a wildcard (`openai/*`, `*`) or by LiteLLM's special values. Empty = every model. */
export function mayUseModel(key: VirtualKey, model: string, aliases: Readonly<Record<string, string>>): boolean {
  if (key.models.length === 0) return true;
  const alias = Object.hasOwn(aliases, model) ? aliases[model] : undefined;
  return key.models.some((allowed) => allows(allowed, model) || (alias !== undefined && allows(allowed, alias)));
}

function allows(allowed: string, model: string): boolean {
  if (allowed === model || allowed === '*' || allowed === 'all-proxy-models' || allowed === 'all-team-models') return true;
  const star = allowed.indexOf('*');
  return star >= 0 && model.length >= allowed.length - 1 && model.startsWith(allowed.slice(0, star)) && model.endsWith(allowed.slice(star + 1));
}

export function unknownModel(route: string, model: string): AppError {
  const message = `${route}: Invalid model name passed in model=${model.slice(0, 200)}. Call \`/v1/models\` to view available models for your key.`;
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'model' });
}

function modelDenied(key: VirtualKey, model: string, status: number): AppError {
  const names = key.models.map((name) => `'${name}'`).join(', ');
  const message = `key not allowed to access model. This key can only access models=[${names}]. Tried to access ${model.slice(0, 200)}`;
  return new AppError(message, { status, code: 'key_model_access_denied', param: 'model' });
}

/** Takes one request from rpm, one token from tpm (the rest is added at the end) and one parallel place. */
function takeLimits(call: Call, deps: GatewayDeps): void | Promise<void> {
  const { key } = call;
  if (key === null || (key.rpmLimit === null && key.tpmLimit === null && key.maxParallelRequests === null)) return;
  const nowMs = deps.clock.nowMs();
  const limits: WindowLimit[] = [];
  if (key.rpmLimit !== null) limits.push({ key: `rpm:{${key.id}}`, windowMs: MINUTE_MS, max: key.rpmLimit, cost: 1 });
  if (key.tpmLimit !== null) limits.push({ key: tokenWindow(key), windowMs: MINUTE_MS, max: key.tpmLimit, cost: 1 });
  return after(limits.length === 0 ? null : deps.coordination.take(limits, nowMs), (taken) => {
    if (taken?.allowed === false) {
      const requests = limits[taken.refusedBy ?? 0]?.key.startsWith('rpm:') ?? true;
      throw limitReached(key, requests ? 'requests' : 'tokens', (requests ? key.rpmLimit : key.tpmLimit) ?? 0, { resetAtMs: taken.resetAtMs, nowMs });
    }
    return enterPlace(call, key, deps, nowMs);
  });
}

/** Name of a key's token window. */
export function tokenWindow(key: VirtualKey): string {
  return `tpm:{${key.id}}`;
}

/** Name of a key's parallel places. */
export function parallelPlaces(key: VirtualKey): string {
  return `parallel:{${key.id}}`;
}

function enterPlace(call: Call, key: VirtualKey, deps: GatewayDeps, nowMs: number): void | Promise<void> {
  const max = key.maxParallelRequests;
  if (max === null) return;
  const leaseMs = call.snapshot.config.requestTimeoutMs + MINUTE_MS;
  return after(deps.coordination.enter(parallelPlaces(key), max, call.id, leaseMs, nowMs), (entered) => {
    if (!entered) throw limitReached(key, 'max_parallel_requests', max, { resetAtMs: nowMs + 1000, nowMs });
    call.hasPlace = true;
  });
}

/** Continues at once for a value, later for a promise: the in-memory adapters cost no promise. */
function after<Value, Result>(value: Value | Promise<Value>, next: (value: Value) => Result | Promise<Result>): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function limitReached(key: VirtualKey, type: string, limit: number, window: { resetAtMs: number; nowMs: number }): AppError {
  const resetAt = `${new Date(window.resetAtMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const message = `Rate limit exceeded for api_key: ${key.id}. Limit type: ${type}. Current limit: ${limit}, Remaining: 0. Limit resets at: ${resetAt}`;
  return new AppError(message, {
    status: 429,
    code: 'rate_limit_error',
    retryAfterSeconds: Math.max(1, Math.ceil((window.resetAtMs - window.nowMs) / 1000)),
    details: { headers: ['rate_limit_type', type, 'reset_at', resetAt] },
  });
}

/**
 * Reserves what the call may cost on this group; also for a fallback group, after the earlier reservation was given back.
 * @throws AppError budget_exceeded; 400 when strict mode cannot bound the cost.
 */
export function reserve(call: Call, deps: GatewayDeps, group: Group): void | Promise<void> {
  const strict = call.snapshot.config.budgetMode === 'strict';
  const limited = call.snapshot.config.maxBudget !== null || (call.key !== null && call.key.maxBudgetPicos !== null);
  return after(deps.budgets.reserve(call.key, reservationFor(call, deps, group, strict && limited), strict), (answer) => reserved(call, answer));
}

function reserved(call: Call, answer: BudgetAnswer): void {
  if (answer.admitted) {
    call.reservation = answer.reservation;
    return;
  }
  const message = `Budget has been exceeded! ${answer.whose} Current cost: ${formatPicos(answer.spentPicos)}, Max budget: ${formatPicos(answer.maxPicos)}`;
  throw new AppError(message, { status: call.snapshot.config.compat.budgetStatus, code: 'budget_exceeded', retryable: false });
}
