// A real listener with the ingestion routes over a real journal, and the fold behind it: what SDK tests talk to.
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { createApp } from '#http/app.ts';
import type { Principal } from '#identity/principal.ts';
import { type ClientLedger, createClientLedger } from '#observe/clients/ledger.ts';
import { tellLedger } from '#observe/clients/notes.ts';
import { createFolder } from '#observe/fold/folder.ts';
import type { PriceUsage } from '#observe/fold/port.ts';
import { StoredRows } from '#observe/fold/stored-rows-fixture.ts';
import type { DeadLetterRow } from '#observe/rows.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import type { JournalRecord, JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import type { IngestCount } from './door.ts';
import { createIngestRoutes } from './routes.ts';

export const PUBLIC_KEY = 'pk-lf-test';
export const SECRET_KEY = 'sk-lf-test';
export const BASIC = `Basic ${Buffer.from(`${PUBLIC_KEY}:${SECRET_KEY}`).toString('base64')}`;

/** Somebody at a page of the console. */
export const PERSON = 'Person taro';

export interface IngestServer {
  url: string;
  journal: JournalWriter;
  counts: IngestCount[];
  /** What SDKs asked for that no route serves. */
  missed: string[];
  /** Who has talked to it. */
  clients: ClientLedger;
  records(): Promise<JournalRecord[]>;
  /** Folds everything journaled so far from the beginning. */
  fold(price?: PriceUsage): Promise<StoredRows & { deadLetters: DeadLetterRow[] }>;
  post(path: string, body: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/** Whom the fixture knows. */
export function principalOf(authorization: string): Principal {
  const key = { kind: 'project-key', projectId: 'project-1', organizationId: 'org', publicKey: PUBLIC_KEY } as const;
  if (authorization === BASIC) return { ...key, scope: 'project' };
  if (authorization === PERSON) return { ...key, publicKey: '', scope: 'project', person: { userId: 'taro', name: 'Taro', role: 'member' } };
  if (authorization === `Bearer ${PUBLIC_KEY}`) return { ...key, scope: 'scores' };
  return { kind: 'anonymous' };
}

/** Starts it on a free port with a journal in a temporary folder. */
export async function startIngestServer(options: { payloadLimitBytes?: number } = {}): Promise<IngestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'genai-ingest-'));
  const journal = await openJournalWriter(folder, { payloadLimitBytes: options.payloadLimitBytes ?? 256 << 20, moneyReserveBytes: 1 << 20 });
  const counts: IngestCount[] = [];
  const missed: string[] = [];
  const clients = createClientLedger();
  const authenticate = async (request: Request) => principalOf(request.headers.get('authorization') ?? '');
  const app = createApp({
    door: 'observe',
    routes: createIngestRoutes({ journal, count: (count) => counts.push(count) }),
    authenticate: { admin: authenticate, observe: authenticate, console: authenticate },
    fallback: (http) => {
      missed.push(`${http.req.method} ${http.req.path}`);
      return http.json({ message: 'Not found', error: 'LangfuseNotFoundError' }, 404);
    },
    onRequest: () => {},
    onClient: (call) => tellLedger(clients, call),
  });
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const listening = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const records = async (): Promise<JournalRecord[]> => {
    await journal.flush();
    const reader = openJournalReader(folder);
    try {
      const found: JournalRecord[] = [];
      for (let after = 0n; ; ) {
        const { records: some, lastSequence, atEnd } = await reader.read(after, { maxBytes: 64 << 20 });
        found.push(...some);
        if (atEnd || some.length === 0) return found;
        after = lastSequence;
      }
    } finally {
      await reader.close();
    }
  };
  return {
    url,
    journal,
    counts,
    missed,
    clients,
    records,
    async fold(price) {
      const store = new StoredRows();
      const folder = createFolder({ lookup: store, price: price ?? null, retentionClass: () => 0, now: Date.now });
      const rows = await folder.fold(await records());
      store.write(rows);
      folder.committed();
      return Object.assign(store, { deadLetters: rows.deadLetters });
    },
    post: (path, body, headers = {}) =>
      fetch(`${url}${path}`, { method: 'POST', body, headers: { authorization: BASIC, 'content-type': 'application/json', ...headers } }),
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await journal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
