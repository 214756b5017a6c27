// <data>/admin.sock (0600): how CLI verbs reach the running process. Whoever may open the file owns the data folder, so there is no further credential.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { errorResponse } from '#http/errors.ts';
import { socketPath } from '#lib/socket-path.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { TakeoverDeps } from '#takeover/port.ts';
import { addTakeoverRoutes } from '#takeover/socket-routes.ts';
import { type BackupService, backupWish } from './backup-service.ts';
import { addPriceRoutes, type PriceRouteParts } from './price-routes.ts';

export interface AdminSocketDeps {
  status: () => Promise<unknown>;
  sealKeys: () => Promise<void>;
  /** Closes the journal segment, waits until its records are stored, archives it. */
  rollJournal: () => Promise<{ archived: number }>;
  blobs: Blobs;
  takeover: TakeoverDeps;
  backup: BackupService;
  prices: PriceRouteParts;
}

/** Opens the socket; a stale file of a killed process is replaced (the data folder's lock is held by us). */
export async function openAdminSocket(dataDir: string, deps: AdminSocketDeps): Promise<{ close(): Promise<void> }> {
  const app = new Hono();
  app.get('/status', async (http) => http.json((await deps.status()) as object));
  app.post('/keys/seal', async (http) => {
    await deps.sealKeys();
    return http.json({ sealed: true });
  });
  app.post('/journal/roll', async (http) => http.json(await deps.rollJournal()));
  app.get('/blobs', async (http) => {
    const found = await deps.blobs.list(http.req.query('prefix') ?? '', { limit: 1000 });
    return http.json({ data: found.map(({ key, sizeBytes, modifiedAt }) => ({ key, sizeBytes, modifiedAt: modifiedAt.toISOString() })) });
  });
  addTakeoverRoutes(app, deps.takeover);
  app.post('/backup', async (http) => {
    const wish = backupWish.parse(await http.req.json());
    // One JSON document a line: progress while it works, then the result or the reason.
    const lines = new TransformStream<string, string>();
    const writer = lines.writable.getWriter();
    const say = (line: object): void => void writer.write(`${JSON.stringify(line)}\n`).catch(() => undefined);
    void deps.backup
      .make(wish, (step, percent) => say({ step, percent }))
      .then((result) => say({ result }))
      .catch((error: unknown) => say({ error: (error as Error).message }))
      .finally(() => writer.close().catch(() => undefined));
    return http.body(lines.readable.pipeThrough(new TextEncoderStream()), 200, { 'content-type': 'application/x-ndjson' });
  });
  addPriceRoutes(app, deps.prices);
  app.onError((error) => errorResponse(error, 'console'));

  const path = socketPath(dataDir, 'admin.sock');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  const server: Server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
