// Test only: routes over migrated records on an embedded PostgreSQL, mounted as the front mounts them, called with a project key.
import type { Hono } from 'hono';
import { createApp } from '#http/app.ts';
import type { Route } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords } from '#stores/records/test-records.ts';

/** A second project of the same organisation. */
export const OTHER_PROJECT = 'project-2';

interface Answer {
  status: number;
  body: Record<string, never> & { data: Record<string, unknown>[]; meta: Record<string, unknown> };
  headers: Headers;
}

export interface RoutesFixture {
  records: Records;
  call(method: string, path: string, body?: unknown, principal?: Principal): Promise<Answer>;
  /** `fetch` of a client that is this caller. */
  fetchAs(principal: Principal): (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Any request, without a credential. */
  request(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** Starts records with two projects and mounts what `routesOf` makes over them. */
export async function openRoutes(routesOf: (records: Records) => Route[] | Promise<Route[]>): Promise<RoutesFixture> {
  const database = await startTestRecords();
  const { records } = database;
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'Organisation')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES (${PROJECT}, 'o', 'First'), (${OTHER_PROJECT}, 'o', 'Second')`);
  let principal: Principal = projectKey(PROJECT);
  const who = async () => principal;
  const app: Hono = createApp({
    door: 'observe',
    routes: await routesOf(records),
    authenticate: { admin: who, observe: who, console: who },
    fallback: (http) => http.notFound(),
    onRequest: (event) => {
      if (event.status >= 500) process.stderr.write(`${event.route}: ${event.error?.stack} ${String((event.error?.cause as Error | undefined)?.message)}\n`);
    },
  });
  return {
    records,
    call: async (method, path, body, asked = projectKey(PROJECT)) => {
      principal = asked;
      const sent = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await app.request(path, { method, ...(body === undefined ? {} : { body: sent, headers: { 'content-type': 'application/json' } }) });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as never };
    },
    fetchAs: (asked) => async (url, init) => {
      principal = asked;
      return await app.request(String(url), init);
    },
    request: async (path, init) => {
      principal = { kind: 'anonymous' };
      return await app.request(path, init);
    },
    close: async () => await database.stop(),
  };
}
