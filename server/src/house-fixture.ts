// For tests: the whole front without its process — rooms on an embedded PostgreSQL, a door on a free port, a scripted upstream — to see what an
// administrator's change does to the next call.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createApp } from '#http/app.ts';
import { type Door, openDoor } from '#http/listen.ts';
import type { Bootstrapped } from '#identity/bootstrap.ts';
import type { GatewayConfig, Settings } from '#settings/settings.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords } from '#stores/records/test-records.ts';
import { createLog } from '#telemetry/log.ts';
import { CONFIG, DEPLOYMENT } from './gateway/test-gateway-fixture.ts';
import { buildHouse, type House } from './house.ts';
import type { Stores } from './open-stores.ts';

export const MASTER = 'sk-master-of-the-test-house';

export interface TestHouse {
  house: House;
  records: Records;
  /** Of the door. */
  url: string;
  /** Folder of the database's socket: other databases may be made there. */
  socketFolder: string;
  config: GatewayConfig;
  /** How the upstream answers from now on. */
  upstream: { delayMs: number; calls: number; status: number; body: string | null; bodies: string[]; inFlight: number; peak: number };
  /** An admin request as the master key, or with another key. Resolves with the parsed body. */
  admin<Body = Record<string, unknown>>(method: string, url: string, body?: unknown, key?: string): Promise<{ status: number; body: Body }>;
  /** A chat call with a key; 10 input and 20 output tokens cost 50 micro-dollars with the default prices. */
  chat(key: string, body?: Record<string, unknown>, headers?: Record<string, string>): Promise<{ status: number; text: string; headers: Headers }>;
  /** A key made by /key/generate. */
  key(fields?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

const USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
/** What one call costs at the fixture's prices: 10 × 1e-6 + 20 × 2e-6. */
export const CALL_DOLLARS = 0.00005;

/** `egressAllow`: what of this machine may be reached by addresses that people give. */
export async function startTestHouse(config: Partial<GatewayConfig> = {}, egressAllow: readonly string[] = []): Promise<TestHouse> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'genai-house-'));
  const database = await startTestRecords();
  const { records } = database;
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Org')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project')`);
  const journal = await openJournalWriter(folder, { payloadLimitBytes: 1 << 26, moneyReserveBytes: 1 << 20, segmentBytes: 1 << 20 });
  const reader = openJournalReader(folder);
  const upstream: TestHouse['upstream'] = { delayMs: 0, calls: 0, status: 200, body: null, bodies: [], inFlight: 0, peak: 0 };
  const server = await startUpstream(upstream);
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const whole: GatewayConfig = { ...CONFIG, deployments: [{ ...DEPLOYMENT, apiBase: base }], ...config };
  const settings = { ...settingsOf(folder), egressAllow };
  const consumers = { ledger: 'ledger', analytics: 'analytics', callbacks: 'callbacks' };
  const stores = { records, journal, reader, openReader: () => openJournalReader(folder), consumers } as unknown as Stores;
  const log = createLog({ level: 'error', stream: { write: () => {} } });
  const house = await buildHouse({
    settings,
    gatewayConfig: whole,
    readConfig: () => ({ gatewayConfig: whole, notes: [] }),
    stores,
    identity: IDENTITY,
    engine: null,
    log,
    version: '0.0.0-test',
    doors: DOORS,
  });
  const app = createApp({
    door: 'gateway',
    routes: house.routes,
    authenticate: house.authenticate,
    fallback: () => new Response('', { status: 404 }),
    onRequest: () => {},
  });
  const door = await openDoor({ host: '127.0.0.1', port: 0, dataPlane: house.gateway.handle, fallback: (_request, response) => response.writeHead(404).end() });
  const admin: TestHouse['admin'] = async <Body>(method: string, url: string, body?: unknown, key = MASTER) => {
    const response = await app.request(url, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  return {
    house,
    records,
    url: `http://127.0.0.1:${door.port}`,
    socketFolder: database.server.socketFolder,
    config: whole,
    upstream,
    admin,
    chat: (key, body, headers) => chat(door, key, body, headers),
    async key(fields = {}) {
      const answer = await admin<{ key: string }>('POST', '/key/generate', fields);
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      return answer.body.key;
    },
    async stop() {
      await door.drain(100);
      await house.gateway.drain();
      await house.close();
      await reader.close();
      await journal.close();
      await database.stop();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const DOORS = { gateway: 'http://127.0.0.1:4000', observe: 'http://127.0.0.1:3000' };

const IDENTITY = {
  firstStart: false,
  organizationId: 'org',
  projectId: 'project',
  masterKeyHash: createHash('sha256').update(MASTER).digest('hex'),
  instanceSecret: Buffer.alloc(32, 7),
  credentials: null,
  keysFileWritten: false,
} satisfies Bootstrapped;

function settingsOf(folder: string): Settings {
  return {
    role: 'gateway',
    dataDir: folder,
    timezone: 'Asia/Tokyo',
    redis: null,
    trustedProxies: [],
    limits: { maxRequestBytes: 10 << 20, inFlightBytes: 64 << 20, payloadJournalBytes: 1 << 26, moneyJournalBytes: 1 << 20, callbackQueueBytes: 1 << 24 },
    network: { httpsProxy: null, httpProxy: null, noProxy: [], extraCaFile: null },
    egressAllow: [],
    mail: null,
    consoleUrl: null,
    gatewayUrl: null,
    otlp: null,
  } as unknown as Settings;
}

async function startUpstream(script: TestHouse['upstream']): Promise<Server> {
  const server = createServer((request, response) => {
    script.calls += 1;
    script.inFlight += 1;
    script.peak = Math.max(script.peak, script.inFlight);
    response.on('close', () => {
      script.inFlight -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      script.bodies.push(Buffer.concat(chunks).toString());
      const body = script.body ?? JSON.stringify({ id: 'x', object: 'chat.completion', model: 'fixed', choices: [CHOICE], usage: USAGE });
      const { status } = script;
      setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(body), script.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const CHOICE = { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } };

async function chat(
  door: Door,
  key: string,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`http://127.0.0.1:${door.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt', messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
