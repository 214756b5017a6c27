// Which budgets and limits hold for a call: those of its key, and those of the end user and the tags that it names.
import type { BudgetClaim, Limiter } from '#identity/governing.ts';
import { UNIT_SEPARATOR } from '#identity/governing.ts';
import { AppError } from '#lib/errors.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import type { BudgetAnswer, GovernedLevel } from './ports.ts';
import { callTags, endUserOf, namesTags } from './trace-context.ts';

const NO_CLAIMS: readonly BudgetClaim[] = Object.freeze([]);
const NO_LIMITERS: readonly Limiter[] = Object.freeze([]);

/**
 * Sets the call's claims and limiters. Costs nothing where no end user, tag or model has rules: the key's own lists are taken as they are.
 * @throws AppError 400 for a blocked end user, and for a call that does not name what the configuration wants named, or names what it may not.
 */
export function findRules(call: Call, deps: GatewayDeps): void {
  const { key } = call;
  refuseUnstated(call);
  call.levels = deps.governed.isEmpty ? NO_LEVELS : namedLevels(call, deps);
  call.limiters = key === null ? NO_LIMITERS : key.limiters;
  if (call.levels.length > 0) call.limiters = [...call.limiters, ...call.levels.flatMap(({ governing }) => governing.limiters)];
  if (call.limiters.some(({ model }) => model !== null)) call.limiters = call.limiters.filter(({ model }) => model === null || isAsked(call, model));
}

/** LiteLLM's enforce_user_param and reject_clientside_metadata_tags. */
function refuseUnstated(call: Call): void {
  const { endUserRequired, clientTagsRefused } = call.snapshot.config;
  if (endUserRequired === true && endUserOf(call) === null) {
    const message = "'user' param not passed in: this gateway wants every call to name its end user (enforce_user_param). Send `user` in the body.";
    throw new AppError(message, { status: 400, code: 'bad_request_error', param: 'user' });
  }
  if (clientTagsRefused === true && namesTags(call)) {
    const message = "Client-side 'metadata.tags' not allowed in request (reject_clientside_metadata_tags): tags are set by key or team metadata only.";
    throw new AppError(message, { status: 400, code: 'bad_request_error', param: 'metadata.tags' });
  }
}

const NO_LEVELS: readonly GovernedLevel[] = Object.freeze([]);

/** The budgets that the call needs room in, for the model that is being tried. */
export function claimsOf(call: Call): readonly BudgetClaim[] {
  const { key } = call;
  const own = key === null ? NO_CLAIMS : key.claims;
  if (call.levels.length === 0 && (key === null || key.modelClaims.length === 0)) return own;
  const conditional = [...(key?.modelClaims ?? NO_CLAIMS), ...call.levels.flatMap(({ governing }) => governing.claims)];
  return [...own, ...conditional.filter(({ model }) => model === null || isAsked(call, model))];
}

function isAsked(call: Call, model: string): boolean {
  return model === call.model || model === call.asked?.model;
}

function namedLevels(call: Call, deps: GatewayDeps): GovernedLevel[] {
  const levels: GovernedLevel[] = [];
  const endUser = endUserOf(call);
  const customer = endUser === null ? null : deps.governed.endUser(endUser);
  if (customer?.blocked) {
    throw new AppError(`User blocked from making LLM API Calls. User=${endUser}`, { status: 400, code: 'auth_error', param: 'user' });
  }
  if (customer) levels.push(customer);
  for (const name of callTags(call)) {
    const tag = deps.governed.tag(name);
    if (tag !== null) levels.push(tag);
  }
  return levels;
}

/** The refusal in LiteLLM's words (litellm.md §1.3). */
export function budgetExceeded(answer: BudgetAnswer & { admitted: false }, amounts: { spent: string; max: string }, status: number): AppError {
  return new AppError(refusalText(answer.claim, amounts), { status, code: 'budget_exceeded', retryable: false });
}

function refusalText(claim: BudgetClaim | null, { spent, max }: { spent: string; max: string }): string {
  const amounts = `Current cost: ${spent}, Max budget: ${max}`;
  if (claim === null) return `Budget has been exceeded! Global ${amounts}`;
  const window = claim.duration === null ? '' : ` (window ${claim.duration}${claim.model === null ? '' : `, model ${claim.model}`})`;
  const exceeded = `Budget has been exceeded!`;
  switch (claim.level) {
    case 'key':
      return `${exceeded} ${amounts}${window}`;
    case 'member': {
      const [team, user] = claim.id.split(UNIT_SEPARATOR);
      return `${exceeded} User=${user} in Team=${team} ${amounts}${window}`;
    }
    case 'team':
      return `${exceeded} Team=${claim.id} ${amounts}${window}`;
    case 'organization':
      return `${exceeded} Organization=${claim.id} ${amounts}${window}`;
    case 'tag':
      return `${exceeded} Tag=${claim.id} ${amounts}${window}`;
    default:
      return `ExceededBudget: ${claim.level === 'user' ? 'User' : 'End User'}=${claim.id} over budget. Spend=${spent}, Budget=${max}${window}`;
  }
}
