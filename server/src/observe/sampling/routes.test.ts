import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Principal, UserRole } from '#identity/principal.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { countLeftOut } from './left-out.ts';
import { samplingRoutes } from './routes.ts';

let routes: RoutesFixture;
beforeAll(async () => {
  routes = await openRoutes((records) => samplingRoutes(records));
});
afterAll(async () => await routes?.close());

const own = '/api/public/sampling';
const person = (role: UserRole): Principal => ({ ...projectKey(PROJECT), person: { userId: role, name: role, role } }) as Principal;
const rule = { share: 0.25, quietSeconds: 30, keep: { tags: ['vip'] } };

it('is off, and set by an administrator of the project alone', async () => {
  expect((await routes.call('GET', own)).body).toEqual({ rule: null, waiting: 0, leftOut: [] });
  for (const who of [projectKey(PROJECT), person('member'), person('viewer')]) expect((await routes.call('PUT', own, { rule }, who)).status).toBe(403);
  for (const body of [{}, { rule: { share: 2 } }, { rule: { share: 0.1, keep: { tags: 'vip' } } }, { rule: null, more: 1 }])
    expect((await routes.call('PUT', own, body, person('admin'))).status, JSON.stringify(body)).toBe(400);
  const stored = { share: 0.25, quietSeconds: 30, keep: { errors: true, scores: true, environments: [], tags: ['vip'], names: [] } };
  expect(await routes.call('PUT', own, { rule }, person('admin'))).toMatchObject({ status: 200, body: { rule: stored } });
  expect((await routes.call('GET', own)).body).toMatchObject({ rule: stored });
  expect((await routes.call('GET', own, undefined, projectKey(OTHER_PROJECT))).body).toMatchObject({ rule: null });
});

it('is managed with a key of the organisation, for its own projects only', async () => {
  const key = (organizationId: string): Principal => ({ kind: 'organization-key', organizationId, publicKey: 'pk' }) as Principal;
  const managed = `/api/public/projects/${PROJECT}/sampling`;
  expect((await routes.call('PUT', managed, { rule: null }, key('somebody-else'))).status).toBe(404);
  expect((await routes.call('GET', own)).body).toMatchObject({ rule: { share: 0.25 } });
  expect(await routes.call('PUT', managed, { rule: null }, key('o'))).toMatchObject({ status: 200, body: { rule: null } });
});

it('says what was left out by day and reason, summed exactly', async () => {
  const none = { traces: 0, observations: 0, scores: 0, errors: 0, bytes: 0, cost: '0' };
  await countLeftOut(routes.records, PROJECT, [
    { ...none, day: '2026-11-20', reason: 'share', traces: 1, observations: 3, bytes: 10, cost: '0.000000000001' },
    { ...none, day: '2026-11-20', reason: 'share', traces: 1, observations: 1, bytes: 5, cost: '0.1' },
  ]);
  await countLeftOut(routes.records, PROJECT, [
    { ...none, day: '2026-11-20', reason: 'share', traces: 1 },
    { ...none, day: '2026-11-21', reason: 'late', errors: 1, observations: 1 },
  ]);
  expect((await routes.call('GET', own)).body).toMatchObject({
    leftOut: [
      { day: '2026-11-21', reason: 'late', errors: 1, cost: '0' },
      { day: '2026-11-20', reason: 'share', traces: 3, observations: 4, bytes: 15, cost: '0.100000000001' },
    ],
  });
});
