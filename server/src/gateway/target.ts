// A deployment made ready for calls: its upstream, its connection pool, its price and how it has been doing.
import type { Dispatcher } from 'undici';
import type { BudgetClaim } from '#identity/governing.ts';
import { AppError } from '#lib/errors.ts';
import type { PriceRow, Prices } from '#prices/port.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import { Health } from './cooldown.ts';
import { refuseForbiddenHost } from './forbidden-hosts.ts';
import { Load } from './load.ts';
import type { Reach, Upstream } from './providers/provider.ts';
import { providerOf } from './providers/registry.ts';
import { GATEWAY_FIELDS } from './request.ts';
import { claimsOfDeployment } from './target-budgets.ts';

/** Price rows carry validity: look again after this long. */
const PRICE_FRESH_MS = 60_000;

export class Target {
  readonly deployment: Deployment;
  readonly errorLabel: string;
  /** Null when the deployment cannot be called; `problem` then says why. */
  readonly upstream: Upstream | null;
  readonly problem: AppError | null;
  readonly dispatcher: Dispatcher | null;
  readonly reach: Reach;
  readonly health: Health;
  readonly load = new Load();
  /** Budgets of the deployment and of its provider. */
  readonly claims: readonly BudgetClaim[];
  /** The upstream's model as JSON bytes; null for wildcards, which fill it in per call. */
  readonly modelJson: Buffer | null;
  /** Body fields that the upstream must not see: LiteLLM's own and those that the provider refuses. */
  readonly drop: ReadonlySet<string>;
  /** Parameters of the configuration that fill in what a client left out, as JSON bytes. */
  readonly defaults: ReadonlyMap<string, Buffer>;
  /** Clients whose calls it takes when tags route (tag_regex). */
  readonly agentPatterns: readonly RegExp[];
  #price: PriceRow | null = null;
  #pricedAtMs = Number.NEGATIVE_INFINITY;
  #priceRevision = -1;

  constructor(deployment: Deployment, config: Pick<GatewayConfig, 'dropParams' | 'routing'>, reach: Reach) {
    this.deployment = deployment;
    this.reach = reach;
    this.agentPatterns = (deployment.tagPatterns ?? []).map((pattern) => new RegExp(pattern));
    this.health = new Health(config.routing);
    this.claims = claimsOfDeployment(deployment, config.routing);
    const provider = providerOf(deployment);
    this.errorLabel = provider.errorLabel(deployment);
    let upstream: Upstream | null = null;
    let problem: AppError | null = null;
    try {
      if (deployment.problem)
        throw new AppError(`The deployment of ${deployment.modelName} cannot answer: ${deployment.problem}.`, { status: 401, code: 'auth_error' });
      const found = provider.upstream(deployment, deployment.dropParams ?? config.dropParams, reach);
      refuseForbiddenHost(found.origin);
      upstream = found;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problem = error;
    }
    this.upstream = upstream;
    this.problem = problem;
    this.dispatcher = upstream === null || upstream.local !== undefined ? null : reach(upstream.origin);
    this.modelJson = deployment.upstreamModel.includes('*') ? null : Buffer.from(JSON.stringify(deployment.upstreamModel));
    this.drop = new Set([...GATEWAY_FIELDS, ...(upstream?.drop ?? []), ...(deployment.additionalDrops ?? [])]);
    this.defaults = new Map(Object.entries(deployment.defaultParameters).map(([key, value]) => [key, Buffer.from(JSON.stringify(value))]));
  }

  /** The deployment's price now; null = unknown until the upstream names its model. */
  price(prices: Prices, nowMs: number): PriceRow | null {
    if (nowMs - this.#pricedAtMs > PRICE_FRESH_MS || prices.revision !== this.#priceRevision) {
      this.#priceRevision = prices.revision;
      this.#price = prices.ofDeployment(this.deployment);
      this.#pricedAtMs = nowMs;
    }
    return this.#price;
  }
}
