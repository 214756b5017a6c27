// For tests: a listening gateway with the house's real limits, budgets, prices and history, a journal in memory, and the fake provider as its upstream.
import { createHash } from 'node:crypto';
import type { CallSettled, CallStarted } from '#call-record.ts';
import { createBudgets } from '#gateway/money/budgets.ts';
import { createOutputHistory } from '#gateway/money/output-history.ts';
import type { Door } from '#http/listen.ts';
import { openDoor } from '#http/listen.ts';
import { governingOf } from '#identity/governing.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { windowOf } from '#lib/calendar.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { createPrices } from '#prices/model-prices.ts';
import type { Deployment, GatewayConfig, Settings } from '#settings/settings.ts';
import { MemoryCoordination } from '#stores/coordination/memory.ts';
import { MemoryValues } from '#stores/coordination/memory-values.ts';
import { createLog } from '#telemetry/log.ts';
import { createMetrics } from '#telemetry/metrics.ts';
import { type GatewayDeps, systemClock } from './deps.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { CallJournal } from './ports.ts';
import type { RealtimeSecret } from './realtime/secret-store.ts';
import { memoryResponses } from './responses/memory-fixture.ts';

export const MASTER_KEY = 'sk-master-0123456789';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export const DEPLOYMENT: Deployment = {
  id: 'dep-1',
  modelName: 'gpt',
  provider: 'openai',
  providerName: 'openai',
  upstreamModel: 'fixed',
  mode: 'chat',
  apiBase: null,
  apiKey: 'sk-upstream-secret-123456',
  apiVersion: null,
  organization: null,
  azureAdToken: null,
  extraHeaders: {},
  defaultParameters: {},
  baseModel: null,
  inputCostPerToken: '0.000001',
  outputCostPerToken: '0.000002',
  cacheReadInputTokenCost: null,
  mockResponse: null,
  timeoutMs: null,
  streamTimeoutMs: null,
  maxRetries: null,
  weight: null,
  rpm: null,
  tpm: null,
  order: null,
  tags: [],
  sslVerify: true,
  info: {},
};

export const ROUTING: GatewayConfig['routing'] = {
  strategy: 'simple-shuffle',
  latencyBuffer: 0,
  contextWindowFallbacks: {},
  contentPolicyFallbacks: {},
  maxFallbacks: 5,
  retryPolicy: {},
  groupRetryPolicy: {},
  restMs: null,
  allowedFails: null,
  restsDisabled: false,
  providerBudgets: {},
  preCallChecks: false,
  affinity: { checks: [], byModel: {}, ttlMs: 3_600_000 },
  tagFiltering: false,
  matchAnyTag: true,
};

export const CONFIG: GatewayConfig = {
  deployments: [],
  fallbacks: {},
  modelAliases: {},
  routing: ROUTING,
  retries: 0,
  dropParams: false,
  requestTimeoutMs: 10_000,
  streamTimeoutMs: null,
  connectTimeoutMs: 2_000,
  idleTimeoutMs: 5_000,
  pingMs: null,
  budgetMode: 'reserve',
  keyHeaderName: null,
  contentOff: false,
  cache: null,
  passThroughEndpoints: [],
  mcpServers: [],
  responsesRetentionMs: 86_400_000,
  maxBudget: null,
  budgetDuration: null,
  callbacks: [],
  callbackTargets: [],
  alerting: null,
  guardrails: [],
  backgroundHealth: null,
  drainEndpoint: null,
  endUserMetrics: false,
  compat: { budgetStatus: 400, modelDeniedStatus: 401 },
  foreignDatabaseUrl: null,
};

export const KEY: VirtualKey = {
  id: '',
  alias: 'test',
  name: 'sk-...test',
  models: [],
  maxBudgetPicos: null,
  rpmLimit: null,
  tpmLimit: null,
  maxParallelRequests: null,
  expiresAtMs: null,
  blocked: false,
  teamId: 'team-1',
  teamAlias: 'Team One',
  userId: 'user-1',
  organizationId: 'org-1',
  costCentre: 'CC-7',
  projectId: 'project-1',
  tags: [],
  metadata: {},
  keepContent: true,
  claims: [],
  modelClaims: [],
  limiters: [],
  modelLists: [],
  aliases: null,
  sharedBudgets: [],
};

/** What the journal was told, in order. */
export interface Written {
  started: CallStarted[];
  settled: { record: CallSettled; request: string | null; answer: string }[];
}

export interface TestGateway {
  url: string;
  door: Door;
  gateway: Gateway;
  deps: GatewayDeps;
  written: Written;
  metricsText(): string;
  logLines: string[];
  /** Adds a virtual key and returns its secret. */
  key(secret: string, limits?: Partial<VirtualKey>): string;
  /** When set, `settled` waits for it before it reports durability. */
  holdSettled: { until: Promise<void> | null; error: Error | null };
  close(): Promise<void>;
}

const NO_LEVELS: GatewayDeps['governed'] = { isEmpty: true, endUser: () => null, tag: () => null };

function refuseRecords(): never {
  throw new Error('this gateway has no records');
}

/** Batches and responses in the background need the records: their tests open them. */
const NO_RECORDS = new Proxy({} as GatewayDeps['batches'] & GatewayDeps['background'], {
  get: (_, name) => (name === 'openIdOf' ? async () => null : refuseRecords),
});

/** Starts a gateway on a free port. */
export async function startTestGateway(
  config: Partial<GatewayConfig>,
  limits: Partial<Settings['limits']> = {},
  network: Partial<Settings['network']> = {},
): Promise<TestGateway> {
  const keys = new Map<string, VirtualKey>();
  const written: Written = { started: [], settled: [] };
  const logLines: string[] = [];
  const holdSettled: TestGateway['holdSettled'] = { until: null, error: null };
  const whole: GatewayConfig = { ...CONFIG, ...config };
  const metrics = createMetrics();
  const journal: CallJournal = {
    started: (record) => void written.started.push(record),
    settled(record, request, answer, done) {
      const entry = { record, request: request === null ? null : Buffer.from(request).toString(), answer: Buffer.concat(answer as Uint8Array[]).toString() };
      const report = () => {
        written.settled.push(entry);
        done(holdSettled.error);
      };
      if (holdSettled.until === null) setImmediate(report);
      else void holdSettled.until.then(report);
    },
  };
  const coordination = new MemoryCoordination();
  const deps: GatewayDeps = {
    config: whole,
    settings: {
      limits: { maxRequestBytes: 10 << 20, inFlightBytes: 64 << 20, payloadJournalBytes: 0, moneyJournalBytes: 0, callbackQueueBytes: 0, ...limits },
      trustedProxies: [],
      egressAllow: [],
      network: { httpsProxy: null, httpProxy: null, noProxy: [], extraCaFile: null, ...network },
    } as unknown as Settings,
    keys: { find: (hash) => keys.get(hash) ?? null, load: async (hash) => keys.get(hash) ?? null },
    budgets: createBudgets({
      accounts: coordination.accounts,
      globalBudget: () => (whole.maxBudget === null ? null : { maxPicos: parsePicos(whole.maxBudget), duration: whole.budgetDuration }),
      windowOf: (duration, nowMs) => windowOf(duration, 'Asia/Tokyo', nowMs),
    }),
    governed: NO_LEVELS,
    journal,
    coordination,
    prices: createPrices(),
    outputHistory: createOutputHistory(),
    ...{ responses: memoryResponses(), batches: NO_RECORDS, background: NO_RECORDS, realtimeSecrets: memorySecrets() },
    cache: { local: new MemoryValues(), shared: coordination.values },
    masterKeyHash: sha256(MASTER_KEY),
    masterHome: { organizationId: 'org-0', projectId: 'project-0' },
    log: createLog({ level: 'debug', stream: { write: (line) => void logLines.push(line) } }),
    metrics,
    clock: systemClock,
    version: '0.0.0-test',
  };
  const gateway = createGateway(deps);
  const door = await openTestDoor(gateway);
  return {
    url: `http://127.0.0.1:${door.port}`,
    door,
    gateway,
    deps,
    written,
    logLines,
    metricsText: () => metrics.text(),
    holdSettled,
    key(secret, keyLimits = {}) {
      const id = sha256(secret);
      keys.set(id, governedKey({ ...KEY, ...keyLimits, id }));
      return secret;
    },
    async close() {
      await Promise.all([door.drain(100), gateway.drain()]);
      await deps.coordination.close();
    },
  };
}

function memorySecrets(): GatewayDeps['realtimeSecrets'] {
  const kept = new Map<string, RealtimeSecret>();
  return {
    keep: async (hash, secret) => void kept.set(hash, secret),
    find: async (hash, nowMs) => {
      const secret = kept.get(hash);
      return secret !== undefined && secret.expiresAtMs > nowMs ? secret : null;
    },
  };
}

function openTestDoor({ handle, upgrades, upgrade }: Gateway): Promise<Door> {
  return openDoor({
    host: '127.0.0.1',
    port: 0,
    dataPlane: handle,
    upgrades: { wants: upgrades, take: upgrade },
    fallback: (_request, response) => response.writeHead(404).end('not ours'),
  });
}

/** The key with the rules that its own fields mean, unless it brings rules. */
function governedKey(key: VirtualKey): VirtualKey {
  if (key.claims.length > 0) return key;
  const { claims, limiters } = governingOf('key', key.id, {
    maxBudget: key.maxBudgetPicos === null ? null : formatPicos(key.maxBudgetPicos),
    rpmLimit: key.rpmLimit,
    tpmLimit: key.tpmLimit,
    maxParallelRequests: key.maxParallelRequests,
  });
  return { ...key, claims, limiters, modelLists: key.models.length === 0 ? [] : [{ level: 'key', models: key.models }] };
}
