// The composition root of the front: settings and stores become rooms, rooms become routes. The only file that knows both gateway and observe.

import type { Callbacks } from '#callbacks/service.ts';
import { HealthChecks } from '#gateway/admin/health-checks.ts';
import { createAdminRoutes } from '#gateway/admin/routes.ts';
import { authenticate } from '#gateway/authenticate.ts';
import { createDeploymentCheck } from '#gateway/check-deployment.ts';
import { watchDeployments } from '#gateway/deployment-gauges.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { llmRoutes } from '#gateway/llm-routes.ts';
import { createResponseStore } from '#gateway/responses/store.ts';
import { StoredMcpServers } from '#gateway/stored-mcp-servers.ts';
import { StoredModels } from '#gateway/stored-models.ts';
import { StoredSettings } from '#gateway/stored-settings.ts';
import type { Authenticators, RequestEvent } from '#http/app.ts';
import { createCallerAddress } from '#http/client-address.ts';
import type { Route } from '#http/route.ts';
import { type Bootstrapped, dropStoredPassword } from '#identity/bootstrap.ts';
import type { VirtualKeyDirectory } from '#identity/key-directory.ts';
import { hashKey, isKeyHash, keyName, mintVirtualKey } from '#identity/keys.ts';
import { createLogin, type Login } from '#identity/login.ts';
import { managementRoutes } from '#identity/management-routes.ts';
import type { Principal } from '#identity/principal.ts';
import { openProjectKeys, type ProjectKeyDirectory } from '#identity/project-keys.ts';
import { placeInProject } from '#identity/project-roles.ts';
import { createSealer } from '#lib/sealed.ts';
import { createIngestRoutes } from '#observe/ingest/routes.ts';
import { forwardedReadRoutes } from '#observe/read-routes.ts';
import { createRecordRoutes } from '#observe/record-routes.ts';
import type { GatewayConfig, Settings, StoredSections } from '#settings/settings.ts';
import { readStoredMcpServer } from '#settings/stored-mcp-server.ts';
import { readStoredModel } from '#settings/stored-model.ts';
import type { CoordinationState } from '#stores/coordination/port.ts';
import type { TakeoverDeps } from '#takeover/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { askEngine, forwardToEngine } from './ask-engine.ts';
import type { CallWorkers } from './call-workers.ts';
import type { ConsoleHealth } from './contract.ts';
import { dataPlaneDeps } from './data-plane-deps.ts';
import type { EngineLink } from './engine-link.ts';
import { type Evaluation, openEvaluation } from './evaluation.ts';
import { openMaskingOf } from './house-masking.ts';
import { type Money, openKeys, openMoney, prepareBudgets } from './house-money.ts';
import { type Ingestion, ingestionOf, projectPrincipal } from './ingestion.ts';
import { createKeyNews, type KeyNews } from './key-news.ts';
import { type LiveModels, openLiveModels, withStored } from './live-models.ts';
import { configOfStart, type LiveSettings, openLiveSettings, type ReadConfig } from './live-settings.ts';
import { type Alerts, openAlerts } from './open-alerts.ts';
import { instanceHeader, openHouseCallbacks, servesCalls } from './open-callbacks.ts';
import { openCoordination } from './open-coordination.ts';
import { type Exports, openExports } from './open-exports.ts';
import { jobStores, openJobs } from './open-jobs.ts';
import type { Stores } from './open-stores.ts';
import { openTailApart, type TailApart } from './open-tail.ts';
import { openTelemetry } from './own-telemetry.ts';
import { openPlatformState } from './platform-metrics.ts';
import { createPlatformRoutes } from './platform-routes.ts';
import { openPriceList } from './price-list.ts';
import type { PriceRouteParts } from './price-routes.ts';
import { takeoverDeps } from './takeover-deps.ts';
import { createAuthenticators } from './who-calls.ts';
import { withWorkers } from './worker-metrics.ts';

export interface HouseInput {
  settings: Settings;
  gatewayConfig: GatewayConfig;
  readConfig: ReadConfig;
  stores: Stores;
  identity: Bootstrapped;
  /** Null in a role without reads. */
  engine: EngineLink | null;
  log: Log;
  version: string;
  /** Public addresses of the doors. */
  doors: { gateway: string; observe: string };
  /** Processes that answer calls beside this one. */
  callWorkers?: Pick<CallWorkers, 'state' | 'metrics'>;
}

export interface House {
  gateway: Gateway;
  login: Login;
  routes: readonly Route[];
  authenticate: Authenticators;
  /** Who a project key's Authorization value is; 401 for nobody. */
  authenticateProject(authorization: string | null): Promise<Principal>;
  /** What doors of ingestion beside the routes need. */
  ingestion: Ingestion;
  /** What taking over from another installation and giving back need. */
  takeover: TakeoverDeps;
  /** What `prices update` and `prices show` need. */
  priceRoutes: PriceRouteParts;
  /** From now on probes say that the process is going. */
  beginDrain(): void;
  /** Puts a re-read configuration in force. */
  swapConfig(config: GatewayConfig): Promise<void>;
  /** Settings registered while the platform runs. */
  storedSettings(): Promise<StoredSections>;
  coordination(): CoordinationState;
  /** Counts and traces an answered request of the route table. */
  tellRequest(event: RequestEvent): void;
  /** Prometheus text of this process. */
  metricsText(): Promise<string>;
  close(): Promise<void>;
}

/** Builds every room. @throws AppError when the records or a certificate file cannot be read. */
export async function buildHouse(input: HouseInput): Promise<House> {
  const { settings, stores, identity, log } = input;
  const sealer = createSealer(identity.instanceSecret);
  const stored = new StoredModels({ records: stores.records, sealer, readModel: readStoredModel, log });
  const storedMcpServers = new StoredMcpServers({ records: stores.records, sealer, readServer: readStoredMcpServer, log });
  const registered = { stored: new StoredSettings({ records: stores.records, sealer, log }), read: input.readConfig, log };
  const file = await configOfStart(input.gatewayConfig, registered);
  let config = await withStored(file, stored, storedMcpServers);
  const probes = { draining: false };
  const { tellRequest, gauges, ...telemetry } = openTelemetry(input, () => config);
  const { metrics } = telemetry;
  const masking = await openMaskingOf(input, metrics);
  const coordination = await openCoordination({ settings, records: stores.records, log, metrics });
  const money = await openMoney(input, metrics, { config: () => config, coordination, masking });
  const [keys, priceList] = [await openKeys(input, money, config), await openPriceList(stores.records, log)];
  const news = createKeyNews({ news: coordination.news, keys, governed: money.governed, log });
  const projectKeys = await openProjectKeys(stores.records);
  const login = openLogin(input);
  const kept = { responses: createResponseStore({ records: stores.records, log }), ...jobStores(stores.records), prices: priceList.prices };
  const deps = dataPlaneDeps(input, { config, keys, money, coordination, ...telemetry, ...kept });
  const gateway = createGateway(deps);
  const jobs = await openJobs(deps, gateway);
  watchDeployments(metrics, { config: () => config, states: () => gateway.state().deployments });
  const callbacks = await openHouseCallbacks({ ...input, sealer, news: coordination.news, metrics, ledger: money.ledger, config: () => config });
  const models = openLiveModels({
    file,
    stored,
    mcpServers: storedMcpServers,
    news: coordination.news,
    log,
    async use(next) {
      await prepareBudgets({ next, now: config, accounts: coordination.accounts, money }, input);
      await swapGateway(gateway, next, log);
      config = next;
      await callbacks.useTargets(next.callbackTargets);
    },
  });
  const health = openHealth(input, () => config);
  const [liveSettings, tail] = [openLiveSettings({ ...registered, models, news: coordination.news }), await openTailApart(input, coordination)];
  const ingestion = ingestionOf(stores, metrics, masking);
  const evaluation = await openEvaluation({ input, changed: news.keyChanged, ingestion, prices: deps.prices });
  const [alerts, exports] = [await openAlerts(input, evaluation.outgoing, metrics), await openExports(input, evaluation.outgoing, metrics)];
  const rooms = { deps, keys, money, news, stored, storedMcpServers, models, callbacks, liveSettings, health, gateway, probes, evaluation, alerts, exports };
  const platformState = openPlatformState(input, metrics, { coordination, gateway, ledger: money.ledger });
  return {
    gateway,
    login,
    routes: routesOf({ input, ...rooms, metrics, tail, ingestion, platformState, config: () => config }),
    ...{ ingestion, priceRoutes: { list: priceList, config: () => config } },
    takeover: takeoverDeps({ records: stores.records, timezone: settings.timezone, home: identity, money, news, stored, models }),
    authenticateProject: (authorization) => projectPrincipal(projectKeys, authorization),
    authenticate: authenticatorsOf(input, { login, projectKeys, deps, config: () => config }),
    beginDrain: () => beginDrain(probes, input.engine, tail),
    swapConfig: (next) => models.useFile(next),
    storedSettings: () => registered.stored.all(),
    coordination: () => coordination.state(),
    tellRequest,
    metricsText: async () => {
      await metrics.refresh();
      return metrics.text();
    },
    async close() {
      const last = [kept.responses, login, keys, priceList, projectKeys, money, coordination, telemetry.spans];
      for (const part of [jobs, tail, exports, alerts, evaluation, gauges, masking, health, news, models, liveSettings, callbacks, ...last]) await part.close();
    },
  };
}

function authenticatorsOf(
  { stores }: HouseInput,
  parts: { login: Login; projectKeys: ProjectKeyDirectory; deps: GatewayDeps; config: () => GatewayConfig },
): Authenticators {
  const { login, projectKeys, deps, config } = parts;
  return createAuthenticators({
    login,
    projectKeys,
    keyCaller: (asking) => authenticate(asking, deps, config().keyHeaderName, 'admin'),
    keyHeaderName: () => config().keyHeaderName,
    placeOf: (projectId, userId) => placeInProject(stores.records, projectId, userId),
  });
}

/** Background checks run where calls are answered. */
function openHealth({ settings, stores, log }: HouseInput, config: () => GatewayConfig): HealthChecks {
  const checks = new HealthChecks({ records: stores.records, config, check: createDeploymentCheck(config, settings), log });
  if (servesCalls(settings.role)) checks.start();
  return checks;
}

function openLogin({ stores, settings, identity }: HouseInput): Login {
  return createLogin({
    records: stores.records,
    instanceSecret: identity.instanceSecret,
    secureCookies: false,
    onPasswordChanged: (email) => dropStoredPassword(settings.dataDir, email),
  });
}

interface RouteParts {
  input: HouseInput;
  deps: GatewayDeps;
  keys: VirtualKeyDirectory;
  money: Money;
  news: KeyNews;
  stored: StoredModels;
  storedMcpServers: StoredMcpServers;
  models: LiveModels;
  callbacks: Callbacks;
  liveSettings: LiveSettings;
  metrics: Metrics;
  ingestion: Ingestion;
  evaluation: Evaluation;
  alerts: Alerts;
  exports: Exports;
  tail: TailApart;
  platformState: () => Promise<ConsoleHealth>;
  config: () => GatewayConfig;
  health: HealthChecks;
  gateway: Gateway;
  probes: { draining: boolean };
}

function routesOf(parts: RouteParts): Route[] {
  const { input, metrics } = parts;
  const { settings, stores, identity } = input;
  const serves = (role: Settings['role']): boolean => settings.role === 'all' || settings.role === role;
  const routes: Route[] = [];
  routes.push(
    ...llmRoutes(),
    ...createPlatformRoutes({
      records: stores.records,
      version: input.version,
      timezone: settings.timezone,
      doors: input.doors,
      accepting: () => !parts.probes.draining,
      instanceHeader: instanceHeader(identity.instanceSecret),
      allRoutes: () => routes,
      platformState: parts.platformState,
    }),
    ...createAdminRoutes({
      records: stores.records,
      keyStore: { records: stores.records, changed: parts.news.keyChanged },
      keyMaker: { mint: mintVirtualKey, hash: hashKey, nameOf: keyName, isHash: isKeyHash },
      budgets: parts.money.budgets,
      levelChanged: parts.news.levelChanged,
      storedModels: parts.stored,
      storedMcpServers: parts.storedMcpServers,
      egressAllow: settings.egressAllow,
      modelsChanged: () => parts.models.changed(),
      callbacks: parts.callbacks.admin,
      settings: parts.liveSettings,
      budgetResets: parts.money.budgetResets,
      ledger: parts.money.ledger,
      prices: parts.deps.prices,
      ...{ ...withWorkers(metrics, input.callWorkers), ...openedOf(input) },
      config: parts.config,
      home: { organizationId: identity.organizationId, projectId: identity.projectId },
      timezone: settings.timezone,
      health: parts.health,
      addressOf: createCallerAddress(settings.trustedProxies),
      callsInFlight: () => parts.gateway.state().callsInFlight,
      guard: (name) => parts.gateway.guard(name),
      beginDrain: () => beginDrain(parts.probes),
      draining: () => parts.probes.draining,
      coordination: () => parts.deps.coordination.state(),
      money: () => parts.money.apart?.state() ?? null,
      servesWithoutRecords:
        settings.journal === 's3' && (settings.role === 'observe' || (settings.role === 'gateway' && settings.whenRecordsAreAway === 'local')),
      cache: parts.deps.cache,
    }),
  );
  if (serves('observe')) routes.push(...observeRoutes(parts));
  return routes;
}

function observeRoutes({ input, ingestion, evaluation, alerts, exports, tail }: RouteParts): Route[] {
  const { stores, identity, engine, version } = input;
  return [
    ...createIngestRoutes(ingestion),
    ...managementRoutes(stores.records),
    ...createRecordRoutes({
      records: stores.records,
      blobs: stores.blobs,
      instanceSecret: identity.instanceSecret,
      outgoing: evaluation.outgoing,
      sandbox: evaluation.sandbox,
      alerts: alerts.reach,
      exports: exports.parts,
      homeProjectId: () => identity.projectId,
      version,
      clients: ingestion.clients,
      ask: (principal, path, body) => askEngine(engine, principal, path, body),
      ingestion,
    }),
    ...(engine === null ? [] : forwardedReadRoutes((context) => tail.answer(context) ?? forwardToEngine(engine, context))),
  ];
}

function beginDrain(probes: { draining: boolean }, ...streaming: ({ endStreams(): void } | null)[]): void {
  probes.draining = true;
  for (const part of streaming) part?.endStreams();
}

/** Whether the engine has opened its store; one of its own is part of the start, an external one may be away when others go on. */
function openedOf({ engine, settings }: HouseInput): { analytics?: () => { opened: boolean; required: boolean } } {
  if (engine === null) return {};
  let opened = false;
  void engine.ready().then(() => {
    opened = true;
  });
  return { analytics: () => ({ opened, required: settings.clickhouse === null }) };
}

/** The next call uses the configuration; calls under way keep theirs, and nobody waits until the last of them has ended. @throws when it cannot be used. */
async function swapGateway(gateway: Gateway, next: GatewayConfig, log: Log): Promise<void> {
  const swapping = gateway.swapConfig(next);
  swapping.catch((error: unknown) => log.warn('connections of the old configuration could not be closed', { error }));
  await Promise.race([swapping, new Promise((resolve) => setImmediate(resolve))]);
}
