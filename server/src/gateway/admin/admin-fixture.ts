// For tests: the admin room mounted on real records, a real journal and a real ledger, with callers named by a header.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Hono } from 'hono';
import { type Callbacks, openCallbacks } from '#callbacks/service.ts';
import type { BudgetBook } from '#gateway/money/budgets.ts';
import { testBudgets } from '#gateway/money/budgets-fixture.ts';
import { openGoverned } from '#gateway/money/governed.ts';
import { type MoneyProcess, startMoney } from '#gateway/money/ledger-fixture.ts';
import { StoredMcpServers } from '#gateway/stored-mcp-servers.ts';
import { StoredModels } from '#gateway/stored-models.ts';
import { StoredSettings } from '#gateway/stored-settings.ts';
import { createApp } from '#http/app.ts';
import type { Principal } from '#identity/principal.ts';
import { getVirtualKey } from '#identity/virtual-keys.ts';
import { AppError } from '#lib/errors.ts';
import { createSealer } from '#lib/sealed.ts';
import { createPrices } from '#prices/model-prices.ts';
import type { Deployment, GatewayConfig } from '#settings/settings.ts';
import { readStoredMcpServer } from '#settings/stored-mcp-server.ts';
import { readStoredModel } from '#settings/stored-model.ts';
import { MemoryValues } from '#stores/coordination/memory-values.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { createLog } from '#telemetry/log.ts';
import { createMetrics, type Metrics } from '#telemetry/metrics.ts';
import type { AdminDeps, DeploymentCheck } from './deps.ts';
import { HealthChecks } from './health-checks.ts';
import { createAdminRoutes } from './routes.ts';

export const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');

export interface AdminHouse {
  app: Hono;
  database: TestRecords;
  money: MoneyProcess;
  budgets: BudgetBook;
  metrics: Metrics;
  /** Ids that were told as changed. */
  changed: string[];
  state: { config: GatewayConfig; draining: boolean; checks: string[] };
  /** A request as the master key, or as whom `as` says (`viewer`, `admin`, `anonymous`, or a virtual key). */
  call(method: string, url: string, body?: unknown, as?: string): Promise<{ status: number; body: never; headers: Headers }>;
  stop(): Promise<void>;
}

export function deployment(fields: Partial<Deployment>): Deployment {
  return {
    id: 'd1',
    modelName: 'gpt-4o-mini',
    provider: 'openai',
    providerName: 'openai',
    upstreamModel: 'gpt-4o-mini',
    mode: 'chat',
    apiBase: null,
    apiKey: null,
    apiVersion: null,
    organization: null,
    azureAdToken: null,
    extraHeaders: {},
    defaultParameters: {},
    baseModel: null,
    inputCostPerToken: null,
    outputCostPerToken: null,
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
    ...fields,
  };
}

const EMPTY = {
  deployments: [],
  backgroundHealth: null,
  drainEndpoint: null,
  callbacks: [],
  alerting: null,
  guardrails: [],
  modelAliases: {},
} as unknown as GatewayConfig;
const log = createLog({ level: 'error', stream: { write: () => {} } });

const KEY_MAKER: AdminDeps['keyMaker'] = {
  mint: () => {
    const key = `sk-${randomBytes(16).toString('base64url')}`;
    return { key, hash: sha256(key), name: `sk-...${key.slice(-4)}` };
  },
  hash: sha256,
  nameOf: (key) => `sk-...${key.slice(-4)}`,
  isHash: (text) => /^[0-9a-f]{64}$/.test(text),
};

/** One process, no machines that share. */
const ALONE: Pick<AdminDeps, 'coordination' | 'money' | 'servesWithoutRecords' | 'cache'> = {
  coordination: () => ({ kind: 'memory', away: false, processes: 1 }),
  money: () => null,
  servesWithoutRecords: false,
  cache: { local: new MemoryValues(), shared: new MemoryValues() },
};

const SEALER = createSealer(Buffer.alloc(32, 1));

/** Takes about two seconds; use one for a test file. */
export async function startAdminHouse(): Promise<AdminHouse> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'genai-admin-'));
  const database = await startTestRecords();
  const { records } = database;
  await seed(records);
  const money = await startMoney(folder, records);
  await money.ledger.start();
  const budgets = testBudgets();
  const governed = await openGoverned({ records, budgets, ledger: money.ledger, timezone: 'Asia/Tokyo', log, channel: 'genai_keys' });
  const metrics = createMetrics();
  const [changed, state]: [string[], AdminHouse['state']] = [[], { config: EMPTY, draining: false, checks: [] }];
  const storedModels = new StoredModels({ records, sealer: SEALER, readModel: readStoredModel, log });
  const deps: AdminDeps = {
    records,
    keyStore: { records, changed: (id) => void changed.push(id) },
    keyMaker: KEY_MAKER,
    budgets,
    ledger: money.ledger,
    levelChanged: async (kind, subject) => {
      changed.push(`${kind}:${subject}`);
      await governed.changed(kind, subject);
    },
    storedModels,
    modelsChanged: () => takeOver(state, storedModels),
    ...{ storedMcpServers: new StoredMcpServers({ records, sealer: SEALER, readServer: readStoredMcpServer, log }), egressAllow: [] },
    callbacks: (await testCallbacks(records, folder)).admin,
    settings: testSettings(records),
    budgetResets: { reschedule: () => {} },
    prices: createPrices(),
    metrics,
    config: () => state.config,
    home: { organizationId: 'org', projectId: 'project' },
    timezone: 'Asia/Tokyo',
    addressOf: () => '203.0.113.7',
    health: testChecks(records, state),
    ...testProcess(state),
    ...ALONE,
  };
  const authenticate = (request: Request): Promise<Principal> => principalOf(records, request.headers.get('x-test-as') ?? 'master');
  const app = createApp({
    door: 'gateway',
    routes: createAdminRoutes(deps),
    authenticate: { admin: authenticate, observe: authenticate, console: authenticate },
    fallback: () => new Response('not found', { status: 404 }),
    onRequest: () => {},
  });
  return {
    app,
    database,
    money,
    budgets,
    metrics,
    changed,
    state,
    async call(method, url, body, as = 'master') {
      const raw = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await app.request(url, { method, headers: { 'x-test-as': as }, ...(body === undefined ? {} : { body: raw }) });
      const text = await response.text();
      return { status: response.status, body: (text.startsWith('#') || text === '' ? text : JSON.parse(text)) as never, headers: response.headers };
    },
    async stop() {
      await governed.close();
      await money.close();
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What live-models.ts does for the house. */
async function takeOver(state: AdminHouse['state'], storedModels: StoredModels): Promise<void> {
  const ofFile = state.config.deployments.filter(({ info }) => info.db_model !== true);
  state.config = { ...state.config, deployments: [...ofFile, ...(await storedModels.deployments())] };
}

function testProcess(state: AdminHouse['state']): Pick<AdminDeps, 'callsInFlight' | 'beginDrain' | 'draining' | 'guard'> {
  const beginDrain = (): void => {
    state.draining = true;
  };
  return { guard: () => null, callsInFlight: () => 0, beginDrain, draining: () => state.draining };
}

function testChecks(records: Records, state: AdminHouse['state']): HealthChecks {
  const check = async (one: Deployment): Promise<DeploymentCheck> => {
    state.checks.push(one.id);
    return { healthy: one.id !== 'bad', latencyMs: 3, error: one.id === 'bad' ? 'connect ECONNREFUSED' : null };
  };
  return new HealthChecks({ records, config: () => state.config, check, log });
}

function testSettings(records: Records): AdminDeps['settings'] {
  const stored = new StoredSettings({ records, sealer: SEALER, log });
  return { stored, attempt: () => ({ faults: [], warnings: [] }), changed: async () => {} };
}

/** The real room without a journal: what is stored, and nothing is sent. */
function testCallbacks(records: Records, folder: string): Promise<Callbacks> {
  return openCallbacks({
    records,
    sealer: SEALER,
    news: { tell: async () => {}, hear: () => () => {} },
    outside: {
      get: async () => ({ status: 500, text: '' }),
      post: async () => ({ status: 500, text: '' }),
      objects: () => Promise.reject(new Error('none')),
      isSelf: async () => false,
    },
    metrics: createMetrics(),
    log,
    dataDir: folder,
    limitBytes: 0,
    journal: null,
    alerting: () => null,
    flushLedger: async () => {},
  });
}

async function seed(records: Records): Promise<void> {
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
  await records.query(sql`INSERT INTO teams (id, organization_id, alias) VALUES ('team', 'org', 'Team A')`);
}

async function principalOf(records: Records, who: string): Promise<Principal> {
  if (who === 'master' || who === 'anonymous') return { kind: who };
  if (who === 'admin' || who === 'viewer') return { kind: 'user', userId: 'u1', email: 'u@example.com', name: 'U', role: who, mustChangePassword: false };
  const key = await getVirtualKey(records, sha256(who));
  if (key === null) throw new AppError('unknown key', { status: 401, code: 'auth_error' });
  return { kind: 'virtual-key', key };
}
