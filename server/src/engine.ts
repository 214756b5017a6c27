// The engine process: analytics store, journal consumer and reads, behind HTTP on `<data>/engine.sock`. Started by the front (engine-link.ts), which writes one line of JSON to its standard input.
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { getRequestListener } from '@hono/node-server';
import { z } from 'zod';
import { analyticsCopy } from '#backup/analytics-copy.ts';
import { createApp } from '#http/app.ts';
import { errorResponse } from '#http/errors.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { socketPath } from '#lib/socket-path.ts';
import type { ExportEngine } from '#observe/blob-export/runner.ts';
import { redriveStoreRoutes } from '#observe/dead-letters/routes.ts';
import type { RetentionCounts } from '#observe/life/housekeeping.ts';
import { openProjectModels } from '#observe/models/project-models.ts';
import { type EngineParts, readRoutes } from '#observe/read-routes.ts';
import type { SamplingCounts } from '#observe/sampling/settle.ts';
import { SEARCH_INDEX_NAME } from '#observe/search/folded.ts';
import type { Consumer } from '#observe/store/consumer.ts';
import { migrateAnalytics } from '#observe/store/migrate.ts';
import { TABLE_NAMES } from '#observe/store/tables.ts';
import type { Settings } from '#settings/settings.ts';
import { openChdb } from '#stores/analytics/chdb.ts';
import { openClickhouse } from '#stores/analytics/clickhouse.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { sql } from '#stores/analytics/sql.ts';
import { openRecords } from '#stores/records/postgres.ts';
import { createLog, type Log } from '#telemetry/log.ts';
import { startConsumption } from './engine-consumer.ts';
import { answerCopy } from './engine-copy.ts';
import { answerExport, exportsInEngine } from './engine-export.ts';
import type { RecordsAddress } from './open-stores.ts';
import { openPriceList } from './price-list.ts';
import { teamNames } from './team-names.ts';

/** What the engine is told at its start. */
export interface EngineInput {
  settings: Pick<Settings, 'dataDir' | 'clickhouse' | 'logLevel' | 'inferSessions' | 'role' | 'journal' | 'blobs'>;
  /** The records' Unix socket folder or URL. */
  records: RecordsAddress;
  /** Name of this consumer in `consumer_positions`. */
  consumer?: string;
  /** Journal bytes that one round of the consumer takes; default 4 MiB. */
  roundBytes?: number;
  /** Nothing is consumed: the stores are being filled. */
  restoring?: boolean;
}

/** GET /status. */
export interface EngineAnswer {
  consumedSequence: string;
  lagRecords: number;
  lagMs: number;
  rssBytes: number;
  /** Rows and events set aside since this start. */
  deadLetters: number;
  /** Stored observations (versions not yet merged included); null while the store does not answer. */
  observations: number | null;
  /** What retention removed since this start; null where another process keeps house. */
  retention: RetentionCounts | null;
  /** What sampling left out since this start; null where another process stores. */
  sampling: SamplingCounts | null;
}

export interface Engine {
  readonly socketPath: string;
  status(): Promise<EngineAnswer>;
  /** Drains: requests and the round in flight end, stores close. */
  stop(): Promise<void>;
}

/** chDB's own bound; the process adds about 150 MB of Node and the open entities. */
const CHDB_MEMORY_BYTES = 768 * 1024 * 1024;
const MAX_WAKE_BYTES = 4_096;

/** Opens the stores, starts consuming and listens. @throws AppError when a store cannot be opened. */
export async function startEngine(input: EngineInput, log: Log): Promise<Engine> {
  const { settings } = input;
  const analytics = await openAnalytics(settings);
  await migrateAnalytics(analytics);
  const records = openRecords({ ...input.records, poolSize: 2, onError: (error) => log.warn('records connection', { error: error.message }) });
  const models = await openProjectModels(records, (error) => log.warn('models of projects could not be read; those known so far stay', reasonOf(error)));
  const priceList = await openPriceList(records, log);
  const { consumer, deletions, tail, retained, sampled, stop } = await startConsumption({ input, analytics, records, models, prices: priceList.prices, log });
  const path = socketPath(settings.dataDir, 'engine.sock');
  const status = (): Promise<EngineAnswer> => statusOf(analytics, consumer, { retention: retained(), sampling: sampled() });
  const files = exportsInEngine(analytics, join(settings.dataDir, 'exports'));
  const parts = { analytics, records, deletions, tail, files, teamNames: (ids: readonly string[]) => teamNames(records, ids) };
  const server = await listen(path, listener(parts, consumer, status, log));
  return {
    socketPath: path,
    status,
    stop: async () => {
      tail?.close();
      await closeServer(server, path);
      await stop();
      await models.close();
      await priceList.close();
      await records.close();
      await analytics.close();
    },
  };
}

async function openAnalytics(settings: EngineInput['settings']): Promise<Analytics> {
  if (settings.clickhouse) return openClickhouse(settings.clickhouse);
  return await openChdb({ path: join(settings.dataDir, 'analytics'), maxMemoryBytes: CHDB_MEMORY_BYTES, indexesByMerge: [SEARCH_INDEX_NAME] });
}

async function statusOf(analytics: Analytics, consumer: Consumer, removed: Pick<EngineAnswer, 'retention' | 'sampling'>): Promise<EngineAnswer> {
  const state = consumer.state();
  const [rows] = await analytics
    .query<{ rows: string }>(
      sql`SELECT ifNull(sum(rows), 0) AS rows FROM system.parts WHERE active AND database = currentDatabase() AND table = 'observations'`,
      { timeoutMs: 1_000 },
    )
    .catch(() => []);
  return {
    consumedSequence: String(state.consumedSequence),
    lagRecords: state.lagRecords,
    lagMs: state.lagMs,
    rssBytes: process.memoryUsage.rss(),
    deadLetters: state.deadLetters,
    observations: rows ? Number(rows.rows) : null,
    ...removed,
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function listener({ files, ...parts }: EngineParts & { files: ExportEngine }, consumer: Consumer, status: () => Promise<EngineAnswer>, log: Log): Listener {
  const who = async (request: Request): Promise<Principal> => principalOf(request.headers.get('x-genai-principal'));
  const app = createApp({
    door: 'observe',
    routes: [...readRoutes(parts), ...redriveStoreRoutes(parts.analytics, parts.records)],
    authenticate: { admin: who, observe: who, console: who },
    fallback: () => errorResponse(new AppError('The engine does not serve this path.', { status: 404, code: 'not_found_error' }), 'console'),
    onRequest: (event) => {
      if (event.status >= 500) log.error('a read failed', { route: event.route, status: event.status, requestId: event.requestId, ...reasonOf(event.error) });
    },
  });
  const reads = getRequestListener(app.fetch);
  const copy = analyticsCopy(parts.analytics, TABLE_NAMES);
  return (request, response) => {
    if (request.method === 'POST' && request.url === '/wake') void wake(request, response, consumer);
    else if (request.url?.startsWith('/copy')) void answerCopy(copy, request, response);
    else if (request.url?.startsWith('/export')) void answerExport(files, request, response);
    else if (request.method === 'GET' && request.url === '/status') void status().then((answer) => sendJson(response, answer));
    else void reads(request, response);
  };
}

const principalSchema = z.looseObject({ kind: z.enum(['anonymous', 'master', 'virtual-key', 'project-key', 'user']) });

/** The principal that the front found out; only the front can reach the socket. @throws AppError 401. */
function principalOf(header: string | null): Principal {
  if (header === null) return { kind: 'anonymous' };
  try {
    return principalSchema.parse(JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))) as unknown as Principal;
  } catch (cause) {
    throw new AppError('The forwarded principal cannot be read.', { status: 401, code: 'auth_error', cause });
  }
}

async function wake(request: IncomingMessage, response: ServerResponse, consumer: Consumer): Promise<void> {
  let body = '';
  for await (const chunk of request) if (body.length < MAX_WAKE_BYTES) body += String(chunk);
  const sequence = /"durableSequence"\s*:\s*"(\d{1,20})"/.exec(body)?.[1];
  consumer.wake(sequence === undefined ? undefined : BigInt(sequence));
  response.writeHead(204).end();
}

function sendJson(response: ServerResponse, answer: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

async function listen(path: string, answer: Listener): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // The data folder's lock keeps a second platform out, so a socket that is there is a dead engine's.
  rmSync(path, { force: true });
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

async function closeServer(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  rmSync(path, { force: true });
}

function reasonOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return {};
  return { error: error.name, reason: error.message, code: 'code' in error ? String(error.code) : undefined };
}

const STOP_TIMEOUT_MS = 15_000;

/** The process: settings from the first line of standard input (or argv); ends on SIGTERM and when standard input ends, which is when the parent dies. */
async function main(): Promise<void> {
  const given = process.argv[2];
  const lines = createInterface({ input: process.stdin });
  let running: Promise<Engine> | null = null;
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    await running?.then((engine) => engine.stop()).catch(() => undefined);
    process.exit(0);
  };
  const begin = (line: string): void => {
    if (running) return;
    const input = JSON.parse(line) as EngineInput;
    const log = createLog({ level: input.settings.logLevel }).with({ process: 'engine' });
    running = startEngine(input, log);
    running.catch((error: unknown) => {
      log.error('the engine cannot start', reasonOf(error));
      log.flush();
      process.exit(1);
    });
  };
  process.on('SIGTERM', () => void end());
  // Ctrl-C reaches the whole group; the front decides when the engine ends.
  process.on('SIGINT', () => undefined);
  if (given !== undefined) begin(given);
  lines.on('line', begin);
  lines.on('close', () => void end());
}

if (import.meta.main) await main();
