// Budgets of providers (router_settings.provider_budget_config) and of single deployments (litellm_params.max_budget): held before a try, settled with what it cost.
// A deployment whose budget is used up is passed over, and a call that finds no other is refused as LiteLLM does.
import { accountOf, type BudgetClaim, claimAccount } from '#identity/governing.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import type { Failure } from './errors.ts';
import type { BudgetAnswer } from './ports.ts';
import type { Target } from './target.ts';

const NONE: readonly BudgetClaim[] = Object.freeze([]);

/** The budgets above a deployment: its provider's and its own. */
export function claimsOfDeployment(deployment: Deployment, { providerBudgets }: GatewayConfig['routing']): readonly BudgetClaim[] {
  const claims: BudgetClaim[] = [];
  const { providerName } = deployment;
  const ofProvider = Object.hasOwn(providerBudgets, providerName) ? providerBudgets[providerName] : undefined;
  if (ofProvider !== undefined) claims.push(claim('provider', providerName, ofProvider));
  if (deployment.budget) claims.push(claim('deployment', deployment.id, deployment.budget));
  return claims.length === 0 ? NONE : claims;
}

/** Every such budget of a configuration, each once. */
export function deploymentClaims(config: Pick<GatewayConfig, 'deployments' | 'routing'>): BudgetClaim[] {
  const claims = config.deployments.flatMap((deployment) => claimsOfDeployment(deployment, config.routing));
  return [...new Map(claims.map((one) => [one.account, one])).values()];
}

function claim(level: 'provider' | 'deployment', id: string, { max, duration }: { max: string; duration: string }): BudgetClaim {
  return { level, id, account: claimAccount(accountOf(level, id), duration, null), maxPicos: parsePicos(max), duration, model: null };
}

/** Takes room for the try in the deployment's budgets: null when it has (or needs) it, the refusal when not. */
export function holdTargetBudget(call: Call, deps: GatewayDeps, target: Target): Failure | null | Promise<Failure | null> {
  if (target.claims.length === 0) return null;
  const answer = deps.budgets.reserveAside(target.claims, call.reservation?.reservedPicos ?? 0n);
  return answer instanceof Promise ? answer.then((given) => held(call, given)) : held(call, answer);
}

/** Gives the room back, or makes it what the try cost. */
export function settleTargetBudget(call: Call, deps: GatewayDeps, picos: bigint): void {
  if (call.aside === null) return;
  deps.budgets.settle(call.aside, picos);
  call.aside = null;
}

function held(call: Call, answer: BudgetAnswer): Failure | null {
  if (!answer.admitted) return exceeded(answer);
  call.aside = answer.reservation;
  return null;
}

function exceeded({ claim, spentPicos, maxPicos }: BudgetAnswer & { admitted: false }): Failure {
  const which = claim === null ? '' : ` Exceeded budget for ${claim.level} ${claim.id}: ${formatPicos(spentPicos)} >= ${formatPicos(maxPicos)}`;
  return {
    status: 429,
    upstreamStatus: null,
    errorClass: BUDGET_CLASS,
    message: `No deployments available - crossed budget:${which}`,
    type: 'budget_exceeded',
    param: 'model',
    fields: null,
    retryAfterMs: null,
    headers: [],
  };
}

/** Class of the refusal: falls back as rate limits do, is never waited for. */
export const BUDGET_CLASS = 'BudgetExceededError';
