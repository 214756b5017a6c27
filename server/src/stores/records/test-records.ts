// For tests of any room: a migrated records store on an embedded PostgreSQL of its own, removed at the end.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';
import { migrateRecords } from './migrate.ts';
import type { Records } from './port.ts';
import { openRecords } from './postgres.ts';

export interface TestRecords {
  records: Records;
  server: EmbeddedPostgres;
  /** Another connection pool to the same server. */
  open(): Records;
  /** Closes `records`, stops the server and removes its folder. */
  stop(): Promise<void>;
}

/** Takes about a second; use one for a test file. */
export async function startTestRecords(): Promise<TestRecords> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'genai-test-'));
  const server = await startEmbeddedPostgres({ folder: path.join(root, 'postgres') });
  const open = (): Records => openRecords({ socketFolder: server.socketFolder });
  const records = open();
  await migrateRecords(records);
  return {
    records,
    server,
    open,
    stop: async () => {
      await records.close();
      await server.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
