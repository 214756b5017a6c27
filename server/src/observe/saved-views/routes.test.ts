// Saved views over real records: shared in their project and seen nowhere else, one a name, bounded.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { savedViewRoutes } from './routes.ts';

let routes: RoutesFixture;
const all = '/api/public/unstable/saved-views';

beforeAll(async () => {
  routes = await openRoutes((records) => savedViewRoutes(records));
});
afterAll(async () => await routes?.close());

describe('saved views', () => {
  it('are kept by a person, seen by the project, changed under their name and removed', async () => {
    const key = projectKey(PROJECT) as Extract<Principal, { kind: 'project-key' }>;
    const person: Principal = { ...key, person: { userId: 'hanako', name: 'Hanako', role: 'member' } };
    const made = await routes.call('POST', all, { list: 'traces', name: ' 返金 ', state: { search: '返金', range: '7d', hide: 'cost' } }, person);
    expect(made.body).toEqual({
      id: expect.any(String),
      list: 'traces',
      name: '返金',
      state: { search: '返金', range: '7d', hide: 'cost' },
      createdBy: 'hanako',
      updatedAt: expect.any(String),
    });
    const again = await routes.call('POST', all, { list: 'traces', name: '返金', state: { search: '返品' } });
    expect(again.body).toMatchObject({ id: made.body.id, state: { search: '返品' }, createdBy: 'hanako' });
    await routes.call('POST', all, { list: 'scores', name: '返金', state: {} });
    expect((await routes.call('GET', `${all}?list=traces`)).body.data).toEqual([again.body]);
    expect((await routes.call('GET', `${all}?list=traces`, undefined, projectKey(OTHER_PROJECT))).body.data).toEqual([]);
    const one = `${all}/${made.body.id}`;
    expect((await routes.call('DELETE', one, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
    expect((await routes.call('DELETE', one)).body).toEqual({ success: true });
    expect((await routes.call('DELETE', one)).status).toBe(404);
  });

  it('refuse what is no view, and one too many', async () => {
    const good = { list: 'traces', name: 'x', state: {} };
    for (const over of [{ list: 'prompts' }, { name: ' ' }, { state: { a: 1 } }, { state: { a: '\0' } }, { state: { a: 'x'.repeat(10_001) } }, { more: 1 }])
      expect([over, (await routes.call('POST', all, { ...good, ...over })).status]).toEqual([over, 400]);
    expect((await routes.call('GET', all)).status).toBe(400);
    await routes.records.query(sql`
      INSERT INTO saved_views (id, project_id, list, name, state) SELECT 'v' || n, ${PROJECT}, 'sessions', 'view ' || n, '{}' FROM generate_series(1, 200) AS n`);
    expect((await routes.call('POST', all, { ...good, list: 'sessions' })).status).toBe(409);
    expect((await routes.call('POST', all, { ...good, list: 'sessions', name: 'view 7' })).status).toBe(200);
  });
});
