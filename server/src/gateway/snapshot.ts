// A configuration made ready: names, wildcards and aliases resolved to groups of targets. A call holds one snapshot from its start to its settlement.
import type { Agent } from 'node:http';
import { addressList } from '#lib/addresses.ts';
import type { Deployment, GatewayConfig, Settings } from '#settings/settings.ts';
import type { Log } from '#telemetry/log.ts';
import { type GuardMeters, GuardSet } from './guards/guard-set.ts';
import type { McpServer } from './mcp/access.ts';
import { fixedPriceDeployment, type StatedEndpoint, statedEndpoints } from './pass-through/stated.ts';
import { Target } from './target.ts';
import { Transport } from './transport.ts';

/** The deployments behind one model name. */
export interface Group {
  /** The client-facing name or wildcard pattern of the configuration. */
  readonly name: string;
  readonly targets: readonly Target[];
  /** What the `*` of the pattern stood for; null for exact names. */
  readonly captured: string | null;
}

/** An MCP server of the configuration, and the target that stands for it in the log. */
export interface StatedMcpServer {
  readonly server: McpServer;
  readonly target: Target;
}

/** What guards tell of themselves. */
export interface Guarding {
  meters: GuardMeters;
  log: Log;
}

export class Snapshot {
  readonly config: GatewayConfig;
  readonly groups: ReadonlyMap<string, Group>;
  /** model_info.access_groups: name of a group -> the model names in it. */
  readonly accessGroups: ReadonlyMap<string, ReadonlySet<string>>;
  /** Pass-through endpoints of the configuration by their paths. */
  readonly passThroughs: ReadonlyMap<string, StatedEndpoint>;
  /** Whether requests may come from an address (allowed_ips); null = from all. */
  readonly comesFrom: ((address: string) => boolean) | null;
  /** MCP servers by their names. */
  readonly mcpServers: ReadonlyMap<string, StatedMcpServer>;
  /** The first model that moderates: clients of moderations often name none. */
  readonly moderationModel: string | null;
  readonly #wildcards: { readonly prefix: string; readonly suffix: string; readonly group: Group }[] = [];
  /** Null when the configuration has none: then no call pays for them. */
  readonly guards: GuardSet | null;
  readonly #transport: Transport;
  #calls = 0;
  #retired: (() => void) | null = null;

  /** @throws AppError when a certificate file of the configuration cannot be read. */
  constructor(config: GatewayConfig, settings: Pick<Settings, 'network'>, guarding: Guarding | null = null) {
    this.config = config;
    this.#transport = new Transport(settings.network, config);
    this.guards =
      guarding === null || config.guardrails.length === 0
        ? null
        : new GuardSet({ configs: config.guardrails, pool: (origin) => this.#transport.pool(origin, true), ...guarding });
    const groups = new Map<string, Target[]>();
    for (const deployment of config.deployments) {
      const target = new Target(deployment, config, (origin) => this.#transport.pool(origin, deployment.sslVerify));
      const members = groups.get(deployment.modelName);
      if (members === undefined) groups.set(deployment.modelName, [target]);
      else members.push(target);
    }
    this.passThroughs = statedEndpoints(config, (origin, sslVerify) => this.#transport.pool(origin, sslVerify));
    const addresses = config.access?.allowedAddresses ?? null;
    this.comesFrom = addresses === null ? null : addressList(addresses);
    this.mcpServers = new Map(
      config.mcpServers.map((server) => {
        const deployment = fixedPriceDeployment({ id: `mcp ${server.id}`, name: `mcp/${server.name}`, provider: 'mcp', target: server.url, isPriced: true });
        return [server.name, { server, target: new Target(deployment, config, (origin) => this.#transport.pool(origin, true)) }];
      }),
    );
    this.moderationModel = config.deployments.find(({ mode }) => mode === 'moderation')?.modelName ?? null;
    this.accessGroups = accessGroupsOf(config);
    this.groups = new Map([...groups].map(([name, targets]) => [name, { name, targets, captured: null }]));
    for (const group of this.groups.values()) {
      const star = group.name.indexOf('*');
      if (star >= 0) this.#wildcards.push({ prefix: group.name.slice(0, star), suffix: group.name.slice(star + 1), group });
    }
    // The most specific pattern first.
    this.#wildcards.sort((a, b) => b.prefix.length + b.suffix.length - a.prefix.length - a.suffix.length);
  }

  /** The group that serves a name (aliases and wildcards applied), or null. */
  resolve(name: string): Group | null {
    const alias = Object.hasOwn(this.config.modelAliases, name) ? (this.config.modelAliases[name] as string) : name;
    const exact = this.groups.get(alias);
    if (exact !== undefined) return exact;
    for (const { prefix, suffix, group } of this.#wildcards) {
      if (alias.length > prefix.length + suffix.length && alias.startsWith(prefix) && alias.endsWith(suffix)) {
        return { name: group.name, targets: group.targets, captured: alias.slice(prefix.length, alias.length - suffix.length) };
      }
    }
    return null;
  }

  /** The deployment of an id; null when the configuration has none. */
  targetOf(deploymentId: string): Target | null {
    for (const group of this.groups.values()) for (const target of group.targets) if (target.deployment.id === deploymentId) return target;
    return null;
  }

  /** How sockets to a deployment's upstream are opened. */
  agentFor(origin: string, deployment: Pick<Deployment, 'sslVerify'>): Agent {
    return this.#transport.agent(origin, deployment.sslVerify);
  }

  enter(): void {
    this.#calls++;
  }

  leave(): void {
    this.#calls--;
    if (this.#calls === 0) this.#retired?.();
  }

  /** No new call enters: closes the connections once the last call has left. */
  async retire(): Promise<void> {
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#retired = resolve));
    await this.#transport.close();
  }
}

/** Groups of models by what deployments say of themselves. */
export function accessGroupsOf(config: Pick<GatewayConfig, 'deployments'>): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const { modelName, info } of config.deployments) {
    for (const name of Array.isArray(info.access_groups) ? info.access_groups : []) {
      if (typeof name === 'string') groups.set(name, (groups.get(name) ?? new Set()).add(modelName));
    }
  }
  return groups;
}
