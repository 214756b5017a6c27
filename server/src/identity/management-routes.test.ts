// Management over real records: projects, keys that work at once and no longer after their deletion, members, keys of an organisation; each organisation for itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '#http/app.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { managementRoutes } from './management-routes.ts';
import type { Principal } from './principal.ts';
import { openProjectKeys, type ProjectKeyDirectory } from './project-keys.ts';
import { placeInProject } from './project-roles.ts';

let database: TestRecords;
let directory: ProjectKeyDirectory;
let principal: Principal;
let app: ReturnType<typeof createApp>;
const keyOf = (organizationId: string): Principal => ({ kind: 'organization-key', organizationId, publicKey: 'pk-lf-org' });

beforeAll(async () => {
  database = await startTestRecords();
  const { records } = database;
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('o', 'Ours'), ('other', 'Theirs')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('theirs', 'other', 'Their project')`);
  await records.query(sql`INSERT INTO users (id, name, email) VALUES ('boss', 'Boss', 'b@example.com'), ('taro', 'Taro', 't@example.com')`);
  await records.query(sql`INSERT INTO memberships (user_id, organization_id, role) VALUES ('boss', 'o', 'admin')`);
  directory = await openProjectKeys(records);
  app = createApp({
    door: 'observe',
    routes: managementRoutes(records),
    authenticate: { admin: async () => principal, observe: async () => principal, console: async () => principal },
    fallback: (http) => http.notFound(),
    onRequest: (event) => {
      if (event.status >= 500) process.stderr.write(`${event.route}: ${event.error?.stack}\n`);
    },
  });
});
afterAll(async () => {
  await directory?.close();
  await database?.stop();
});

async function call(method: string, path: string, body?: unknown, who: Principal = keyOf('o')) {
  principal = who;
  const response = await app.request(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

const basic = (pair: { publicKey: string; secretKey: string }) => `Basic ${Buffer.from(`${pair.publicKey}:${pair.secretKey}`).toString('base64')}`;
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1_000 && !(await condition()); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await condition()).toBe(true);
}

describe('projects and their keys', () => {
  it('are made, changed and listed within the organisation', async () => {
    const made = await call('POST', '/api/public/projects', { name: '新しいproject', retention: 0, metadata: { team: 'a' } });
    expect(made).toEqual({
      status: 201,
      body: { id: expect.any(String), name: '新しいproject', organization: { id: 'o', name: 'Ours' }, metadata: { team: 'a' } },
    });
    const one = `/api/public/projects/${made.body.id}`;
    expect((await call('PUT', one, { name: 'renamed' })).body).toMatchObject({ name: 'renamed', metadata: { team: 'a' } });
    expect((await call('GET', '/api/public/organizations/projects')).body).toMatchObject({ projects: [{ id: made.body.id, name: 'renamed' }] });
    expect((await call('PUT', one, { name: 'renamed', retention: 30 })).body).toMatchObject({ retentionDays: 30 });
    expect((await call('PUT', one, { name: 'renamed' })).body).toMatchObject({ retentionDays: 30 });
    expect((await call('PUT', one, { name: 'renamed', retention: 0 })).body).not.toHaveProperty('retentionDays');
    expect((await call('POST', '/api/public/projects', { name: 'renamed', retention: 0 })).status).toBe(409);
    for (const body of [{}, { name: 'ab', retention: 0 }, { name: 'fine', retention: 2 }, { name: 'fine', metadata: 'x' }])
      expect([body, (await call('POST', '/api/public/projects', body)).status]).toEqual([body, 400]);
    expect((await call('PUT', '/api/public/projects/theirs', { name: 'ours now' })).status).toBe(404);
  });

  it('open their project at once, and nothing after their deletion', async () => {
    const [{ id: projectId }] = (await call('GET', '/api/public/organizations/projects')).body.projects as unknown as [{ id: string }];
    const keys = `/api/public/projects/${projectId}/apiKeys`;
    const made = await call('POST', keys, { note: 'CI' });
    expect(made).toMatchObject({ status: 201, body: { publicKey: expect.stringMatching(/^pk-lf-/), secretKey: expect.stringMatching(/^sk-lf-/), note: 'CI' } });
    const pair = made.body as unknown as { id: string; publicKey: string; secretKey: string };
    await until(async () => (await directory.authenticate(basic(pair))) !== null);
    expect(await directory.authenticate(basic(pair))).toMatchObject({ kind: 'project-key', projectId });
    const listed = await call('GET', keys);
    expect(listed.body).toMatchObject({ apiKeys: [{ id: pair.id, publicKey: pair.publicKey, note: 'CI' }] });
    expect(JSON.stringify(listed.body)).not.toContain(pair.secretKey);
    const own = { publicKey: 'pk-lf-own', secretKey: 'sk-lf-own-secret-of-some-length' };
    expect((await call('POST', keys, own)).body).toMatchObject(own);
    expect((await call('POST', keys, own)).status).toBe(409);
    expect((await call('POST', keys, { publicKey: 'pk-lf-half' })).status).toBe(400);
    expect((await call('DELETE', `${keys}/${pair.id}`)).body).toEqual({ success: true });
    expect((await call('DELETE', `${keys}/${pair.id}`)).status).toBe(404);
    await until(async () => (await directory.authenticate(basic(pair))) === null);
    expect((await call('GET', '/api/public/projects/theirs/apiKeys')).status).toBe(404);
  });
});

describe('keys of an organisation', () => {
  it('are made with the master key, open no project and are no browser key', async () => {
    const keys = '/api/admin/organizations/o/apiKeys';
    const made = await call('POST', keys, {}, { kind: 'master' });
    const pair = made.body as unknown as { id: string; publicKey: string; secretKey: string };
    await until(async () => (await directory.authenticate(basic(pair))) !== null);
    expect(await directory.authenticate(basic(pair))).toEqual({ kind: 'organization-key', organizationId: 'o', publicKey: pair.publicKey });
    expect(await directory.authenticate(`Bearer ${pair.publicKey}`)).toBeNull();
    expect(await directory.authenticate(basic({ ...pair, secretKey: 'sk-lf-wrong' }))).toBeNull();
    expect((await call('GET', '/api/public/organizations/apiKeys')).body).toMatchObject({ apiKeys: [{ id: pair.id }] });
    expect((await call('POST', keys, {}, keyOf('o'))).status).toBe(403);
    expect((await call('POST', '/api/admin/organizations/absent/apiKeys', {}, { kind: 'master' })).status).toBe(404);
    expect((await call('DELETE', `${keys}/${pair.id}`, undefined, { kind: 'master' })).body).toEqual({ success: true });
    await until(async () => (await directory.authenticate(basic(pair))) === null);
  });
});

describe('members', () => {
  const members = '/api/public/organizations/memberships';
  it('come, change their role and go; the last administrator stays', async () => {
    expect((await call('PUT', members, { userId: 'taro', role: 'MEMBER' })).body).toEqual({
      userId: 'taro',
      role: 'MEMBER',
      email: 't@example.com',
      name: 'Taro',
    });
    expect((await call('GET', members)).body).toMatchObject({ memberships: [{ userId: 'boss', role: 'ADMIN' }, { userId: 'taro' }] });
    expect((await call('PUT', members, { userId: 'boss', role: 'VIEWER' })).status).toBe(400);
    expect((await call('DELETE', members, { userId: 'boss' })).status).toBe(400);
    expect((await call('PUT', members, { userId: 'taro', role: 'OWNER' })).body).toMatchObject({ role: 'ADMIN' });
    expect((await call('DELETE', members, { userId: 'boss' })).body).toEqual({ message: 'Membership deleted successfully', userId: 'boss' });
    expect((await call('DELETE', members, { userId: 'boss' })).status).toBe(404);
    expect((await call('PUT', members, { userId: 'absent', role: 'MEMBER' })).status).toBe(404);
    expect((await call('PUT', members, { userId: 'taro', role: 'GUEST' })).status).toBe(400);
  });
});

describe('roles in one project', () => {
  it('win over the role in the organisation, and end with it', async () => {
    const { records } = database;
    await records.query(sql`INSERT INTO users (id, name, email) VALUES ('yuki', 'Yuki', 'y@example.com')`);
    const { id } = (await call('POST', '/api/public/projects', { name: 'with roles' })).body as unknown as { id: string };
    const members = `/api/public/projects/${id}/memberships`;
    const roleOf = async () => (await placeInProject(records, id, 'yuki'))?.role;
    expect(await call('PUT', members, { userId: 'yuki', role: 'ADMIN' })).toMatchObject({
      status: 404,
      body: { message: 'User is not a member of this organization' },
    });
    await call('PUT', '/api/public/organizations/memberships', { userId: 'yuki', role: 'VIEWER' });
    expect(await roleOf()).toBe('viewer');
    expect(await call('PUT', members, { userId: 'yuki', role: 'ADMIN' })).toEqual({
      status: 200,
      body: { userId: 'yuki', role: 'ADMIN', email: 'y@example.com', name: 'Yuki' },
    });
    expect(await roleOf()).toBe('admin');
    expect((await call('GET', members)).body).toEqual({ memberships: [{ userId: 'yuki', role: 'ADMIN', email: 'y@example.com', name: 'Yuki' }] });
    expect((await call('PUT', members, { userId: 'yuki', role: 'VIEWER' })).body).toMatchObject({ role: 'VIEWER' });
    expect((await call('DELETE', members, { userId: 'yuki' })).body).toEqual({ message: 'Project membership deleted successfully', userId: 'yuki' });
    expect((await call('DELETE', members, { userId: 'yuki' })).status).toBe(404);
    await call('PUT', members, { userId: 'yuki', role: 'MEMBER' });
    await call('DELETE', '/api/public/organizations/memberships', { userId: 'yuki' });
    expect(await roleOf()).toBeNull();
    expect((await call('GET', members)).body).toEqual({ memberships: [] });
  });

  it('are nobody else’s to read or give', async () => {
    const members = '/api/public/projects/theirs/memberships';
    expect((await call('GET', members)).status).toBe(404);
    expect((await call('PUT', members, { userId: 'taro', role: 'ADMIN' })).status).toBe(404);
    expect(
      (await call('GET', members, undefined, { kind: 'project-key', projectId: 'theirs', organizationId: 'other', publicKey: 'pk', scope: 'project' })).status,
    ).toBe(403);
    expect(await placeInProject(database.records, 'absent', 'taro')).toBeNull();
  });
});
