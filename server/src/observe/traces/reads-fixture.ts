// Test only: the read routes mounted as the engine mounts them, over a temporary chDB, called with a project key.
import type { Hono } from 'hono';
import { createApp } from '#http/app.ts';
import type { Route } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import type { FoldedRows } from '#observe/rows.ts';
import { folded, PROJECT, temporaryAnalytics } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import type { Analytics } from '#stores/analytics/port.ts';

export interface ReadsFixture {
  analytics: Analytics;
  /** Folder of the store. */
  path: string;
  /** GET as project-1's key; the JSON answer and its status. */
  get(
    path: string,
    principal?: Principal,
  ): Promise<{ status: number; body: Record<string, never> & { data: Record<string, unknown>[]; meta: Record<string, unknown> } }>;
  /** The same for another method, with a JSON body. */
  call(method: string, path: string, body?: unknown, principal?: Principal): Promise<{ status: number; body: unknown }>;
  write(rows: Partial<FoldedRows>): Promise<void>;
  close(): Promise<void>;
}

export const projectKey = (projectId: string): Principal => ({ kind: 'project-key', projectId, organizationId: 'o', publicKey: 'pk', scope: 'project' });

/** Mounts routes over a fresh store. */
export async function openReads(routesOf: (analytics: Analytics) => Route[], engine: 'chdb' | 'http' = 'chdb'): Promise<ReadsFixture> {
  const { analytics, path: folder, close } = await temporaryAnalytics(engine);
  let principal: Principal = projectKey(PROJECT);
  const who = async () => principal;
  const app: Hono = createApp({
    door: 'observe',
    routes: routesOf(analytics),
    authenticate: { admin: who, observe: who, console: who },
    fallback: (http) => http.notFound(),
    onRequest: (event) => {
      if (event.status >= 500) process.stderr.write(`${event.route}: ${event.error?.stack} ${String((event.error?.cause as Error | undefined)?.message)}\n`);
    },
  });
  let sequence = 0n;
  return {
    analytics,
    path: folder,
    get: async (path, asked = projectKey(PROJECT)) => {
      principal = asked;
      const response = await app.request(path);
      return { status: response.status, body: (await response.json()) as never };
    },
    call: async (method, path, body, asked = projectKey(PROJECT)) => {
      principal = asked;
      const response = await app.request(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      return { status: response.status, body: await response.json() };
    },
    write: async (rows) => {
      sequence += 1n;
      await createWriter(analytics).write(folded(rows), { firstSequence: sequence, lastSequence: sequence });
    },
    close,
  };
}
