// Whether a call may go on: the model exists and the key may use it, the rate and parallel limits have room, the budgets cover the reservation.
import type { BudgetClaim } from '#identity/governing.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { formatPicos } from '#lib/money.ts';
import { checkModel, mayUseModel } from './access.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { takeLimits } from './limits.ts';
import type { BudgetAnswer, Reservation } from './ports.ts';
import type { Asked } from './request.ts';
import { reservationFor } from './reservation.ts';
import { budgetExceeded, claimsOf, findRules } from './rules.ts';
import type { Group } from './snapshot.ts';
import { forTags } from './tag-routing.ts';

/**
 * Admits a call: sets its group, takes its limits and its reservation. A promise only when the coordination store is remote.
 * @throws AppError 400 unknown model, model denied (configured status), 429 limits, budget exceeded (configured status).
 */
export function admit(call: Call, deps: GatewayDeps): void | Promise<void> {
  const group = findGroup(call);
  findRules(call, deps);
  if (call.inner?.isOurs === true) call.limiters = [];
  const limited = takeLimits(call, deps);
  if (limited instanceof Promise) return limited.then(() => reserve(call, deps, group));
  return reserve(call, deps, group);
}

/**
 * Sets the group and the model of a call whose key may use them.
 * @throws AppError 400 unknown model, 401 no deployment for the call's tags, 501 a model that this version cannot serve, model denied (configured status).
 */
export function findGroup(call: Call): Group {
  const asked = call.asked as Asked;
  // What the platform asks for itself is not what the key's lists are about.
  const key = call.inner?.isOurs === true ? null : call.key;
  const model = key === null ? asked.model : namedByAlias(key, asked.model);
  if (key !== null && !(model !== asked.model && mayUseModel(key, asked.model, call.snapshot))) checkModel(key, model, call.snapshot);
  const found = call.snapshot.resolve(model);
  if (found === null) throw absentModel(call, asked.model);
  const group = pinned(call, forTags(call, found));
  call.group = group;
  call.model = model;
  return group;
}

/** A call that goes on from what one upstream keeps has no other deployment. */
function pinned(call: Call, group: Group): Group {
  if (call.pinnedTo === null) return group;
  const targets = group.targets.filter(({ deployment }) => deployment.id === call.pinnedTo);
  if (targets.length > 0) return { ...group, targets };
  const message =
    'previous_response_id names a response of another model\u2019s deployment: ask the same model to go on, or send the whole conversation in "input".';
  throw new AppError(message, { status: 400, code: 'invalid_request_error', param: 'previous_response_id' });
}

/** What the key or its team calls this model. */
function namedByAlias(key: VirtualKey, model: string): string {
  return key.aliases !== null && Object.hasOwn(key.aliases, model) ? (key.aliases[model] as string) : model;
}

/** A model of the configuration that this version cannot serve is named as such; any other is unknown. */
function absentModel(call: Call, model: string): AppError {
  const reasons = call.snapshot.config.unsupportedModels ?? {};
  if (!Object.hasOwn(reasons, model)) return unknownModel(call.route, model);
  return new AppError(`${call.route}: ${model.slice(0, 200)} cannot be served: ${reasons[model]}.`, { status: 501, code: 'not_supported', param: 'model' });
}

function unknownModel(route: string, model: string): AppError {
  const message = `${route}: Invalid model name passed in model=${model.slice(0, 200)}. Call \`/v1/models\` to view available models for your key.`;
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'model' });
}

/**
 * Reserves what the call may cost on this group; also for a fallback group, after the earlier reservation was given back.
 * @throws AppError budget_exceeded; 400 when strict mode cannot bound the cost.
 */
export function reserve(call: Call, deps: GatewayDeps, group: Group): void | Promise<void> {
  const claims = claimsOf(call);
  const strict = isStrict(call, claims);
  const answer = deps.budgets.reserve(claims, reservationFor(call, deps, group, strict), strict);
  if (answer instanceof Promise) return answer.then((given) => reserved(call, given));
  reserved(call, answer);
}

function isStrict({ snapshot: { config } }: Call, claims: readonly BudgetClaim[]): boolean {
  return config.budgetMode === 'strict' && (config.maxBudget !== null || claims.some(({ maxPicos }) => maxPicos !== null));
}

/** The same room once more, for a try beside the first; `none` where there is none, null where nothing is reserved. */
export async function reserveBeside(call: Call, deps: GatewayDeps): Promise<Reservation | null | 'none'> {
  if (call.reservation === null) return null;
  const claims = claimsOf(call);
  const answer = await deps.budgets.reserve(claims, call.reservation.reservedPicos, isStrict(call, claims));
  return answer.admitted ? answer.reservation : 'none';
}

/** Keeps what was reserved. @throws AppError budget_exceeded. */
export function reserved(call: Call, answer: BudgetAnswer): void {
  if (answer.admitted) call.reservation = answer.reservation;
  else throw budgetExceeded(answer, { spent: formatPicos(answer.spentPicos), max: formatPicos(answer.maxPicos) }, call.snapshot.config.compat.budgetStatus);
}
