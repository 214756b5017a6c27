import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Principal, UserRole } from '#identity/principal.ts';
import { openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { projectPeopleRoutes } from './project-people-routes.ts';
import { rolesOfPerson } from './project-roles.ts';

let routes: RoutesFixture;
beforeAll(async () => {
  routes = await openRoutes((records) => projectPeopleRoutes(records));
  for (const [id, role] of [
    ['ada', 'admin'],
    ['bob', 'member'],
    ['eve', 'viewer'],
  ] as const) {
    await routes.records.query(sql`INSERT INTO users (id, name, email) VALUES (${id}, ${id === 'eve' ? '' : id}, ${`${id}@example.com`})`);
    await routes.records.query(sql`INSERT INTO memberships (user_id, organization_id, role) VALUES (${id}, 'o', ${role})`);
  }
  await routes.records.query(sql`INSERT INTO users (id, name, email) VALUES ('stranger', 'S', 's@example.com')`);
});
afterAll(async () => await routes?.close());

const path = '/api/public/unstable/project-members';
const person = (role: UserRole): Principal => ({ ...projectKey(PROJECT), person: { userId: role, name: role, role } }) as Principal;
const admin = person('admin');

it('shows both roles, and addresses to administrators alone', async () => {
  expect((await routes.call('GET', path, undefined, admin)).body).toEqual({
    mayChange: true,
    data: [
      { userId: 'ada', name: 'ada', email: 'ada@example.com', organizationRole: 'admin', projectRole: null },
      { userId: 'bob', name: 'bob', email: 'bob@example.com', organizationRole: 'member', projectRole: null },
      { userId: 'eve', name: 'eve', email: 'eve@example.com', organizationRole: 'viewer', projectRole: null },
    ],
  });
  for (const who of [projectKey(PROJECT), person('member'), person('viewer')]) {
    const { body } = await routes.call('GET', path, undefined, who);
    expect(body.mayChange).toBe(false);
    expect(JSON.stringify(body)).not.toContain('@');
  }
});

it('gives, changes and ends a role in the project, by its administrators alone', async () => {
  for (const who of [projectKey(PROJECT), person('member')]) {
    expect((await routes.call('PUT', path, { userId: 'eve', role: 'admin' }, who)).status).toBe(403);
    expect((await routes.call('DELETE', `${path}/eve`, undefined, who)).status).toBe(403);
  }
  expect((await routes.call('PUT', path, { userId: 'eve', role: 'owner' }, admin)).status).toBe(400);
  expect((await routes.call('PUT', path, { userId: 'stranger', role: 'member' }, admin)).status).toBe(404);
  expect((await routes.call('DELETE', `${path}/eve`, undefined, admin)).status).toBe(404);
  expect((await routes.call('PUT', path, { userId: 'eve', role: 'member' }, admin)).body.data[2]).toMatchObject({
    organizationRole: 'viewer',
    projectRole: 'member',
  });
  expect([...(await rolesOfPerson(routes.records, 'eve'))]).toEqual([
    [PROJECT, 'member'],
    ['project-2', 'viewer'],
  ]);
  expect((await routes.call('DELETE', `${path}/eve`, undefined, admin)).body.data[2]).toMatchObject({ projectRole: null });
});

it('never leaves a project without an administrator', async () => {
  expect((await routes.call('PUT', path, { userId: 'ada', role: 'viewer' }, admin)).status).toBe(400);
  expect((await routes.call('PUT', path, { userId: 'bob', role: 'admin' }, admin)).status).toBe(200);
  expect((await routes.call('PUT', path, { userId: 'ada', role: 'viewer' }, admin)).status).toBe(200);
  expect((await routes.call('DELETE', `${path}/bob`, undefined, admin)).status).toBe(400);
  expect((await routes.call('GET', path, undefined, admin)).body.data).toMatchObject([{ projectRole: 'viewer' }, { projectRole: 'admin' }, {}]);
});
