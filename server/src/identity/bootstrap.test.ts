// First start and later ones on the embedded PostgreSQL: generated and set values, what lies in files, sealing, a kill between file and commit.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '#settings/settings.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { bootstrap, dropStoredPassword, sealKeys } from './bootstrap.ts';
import { hashKey, matchesHash } from './keys.ts';
import { verifyPassword } from './password.ts';
import { openProjectKeys } from './project-keys.ts';
import { listProjects } from './projects.ts';
import type { Credentials } from './secret-files.ts';
import { getVirtualKey } from './virtual-keys.ts';

let database: TestRecords;
let dataDir: string;
beforeAll(async () => {
  database = await startTestRecords();
});
afterAll(() => database?.stop());
beforeEach(() => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'genai-bootstrap-'));
});
afterEach(async () => {
  rmSync(dataDir, { recursive: true, force: true });
  await database.records.query(sql`TRUNCATE organizations, users, instance_settings CASCADE`);
});

const NOTHING_SET: Settings['init'] = {
  organizationId: null,
  organizationName: null,
  projectId: null,
  projectName: null,
  projectPublicKey: null,
  projectSecretKey: null,
  projectRetention: null,
  userEmail: null,
  userName: null,
  userPassword: null,
};
const urls = { gateway: 'http://127.0.0.1:4000', observe: 'http://127.0.0.1:3000' };

function start(set: Partial<Settings['init']> & { masterKey?: string; recordsUrl?: string } = {}) {
  const { masterKey = null, recordsUrl = null, ...init } = set;
  return bootstrap({ records: database.records, settings: { dataDir, masterKey, recordsUrl, init: { ...NOTHING_SET, ...init } }, urls });
}

const passwordHash = async (email: string): Promise<string> => {
  const [row] = await database.records.query<{ password: string }>(
    sql`SELECT a.password FROM accounts a JOIN users u ON u.id = a.user_id WHERE u.email = ${email} AND a.provider_id = 'credential'`,
  );
  return row?.password ?? '';
};

describe('the first start', () => {
  test('makes credentials that all work and writes them to a file of mode 0600', async () => {
    const made = await start();
    const stored = JSON.parse(readFileSync(path.join(dataDir, 'keys.json'), 'utf8')) as Credentials;
    expect(stored).toEqual({ ...made.credentials });
    expect(statSync(path.join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(dataDir, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir).sort()).toEqual(['keys.json', 'secret.key']);
    expect(stored.urls).toEqual(urls);
    expect(matchesHash(stored.masterKey as string, made.masterKeyHash)).toBe(true);
    expect(await getVirtualKey(database.records, stored.virtualKey as string)).toMatchObject({ alias: 'first-key', projectId: made.projectId, blocked: false });
    const projectKeys = await openProjectKeys(database.records);
    const header = `Basic ${Buffer.from(`${stored.publicKey}:${stored.secretKey}`).toString('base64')}`;
    expect(await projectKeys.authenticate(header)).toMatchObject({ projectId: made.projectId, organizationId: made.organizationId });
    await projectKeys.close();
    expect(await verifyPassword(stored.password as string, await passwordHash(stored.email as string))).toBe(true);
    const [person] = await database.records.query(sql`SELECT must_change_password, role FROM users JOIN memberships ON user_id = id`);
    expect(person).toEqual({ must_change_password: true, role: 'admin' });
  });

  test('keeps no plain credential in the database', async () => {
    const { credentials } = await start();
    const tables = ['organizations', 'projects', 'project_keys', 'users', 'accounts', 'virtual_keys', 'instance_settings'] as const;
    for (const name of tables) {
      const text = JSON.stringify(await database.records.query(sql`SELECT * FROM ${sql.identifier(name, tables)}`));
      for (const secret of [credentials?.masterKey, credentials?.virtualKey, credentials?.secretKey, credentials?.password]) expect(text).not.toContain(secret);
    }
  });

  test('a kill between the file and the commit loses nothing: the next start makes everything again', async () => {
    writeFileSync(path.join(dataDir, 'keys.json'), JSON.stringify({ masterKey: 'sk-never-committed', virtualKey: 'sk-never-committed' }));
    const made = await start();
    expect(made.firstStart).toBe(true);
    expect(readFileSync(path.join(dataDir, 'keys.json'), 'utf8')).not.toContain('never-committed');
    expect(matchesHash(made.credentials?.masterKey as string, made.masterKeyHash)).toBe(true);
  });

  test('two processes at once make one of each', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect([one.firstStart, two.firstStart].sort()).toEqual([false, true]);
    expect(one.projectId).toBe(two.projectId);
    expect(await listProjects(database.records)).toHaveLength(1);
  });

  test('takes every value that is set', async () => {
    const set = {
      masterKey: 'sk-master-of-the-seed',
      organizationId: 'org-1',
      organizationName: '営業部',
      projectId: 'project-1',
      projectName: 'Chat',
      projectPublicKey: 'pk-lf-set',
      projectSecretKey: 'sk-lf-set-secret',
      userEmail: 'Hanako@Example.com',
      userName: '花子',
      userPassword: 'a long password',
    };
    const made = await start(set);
    expect(made).toMatchObject({ organizationId: 'org-1', projectId: 'project-1', masterKeyHash: hashKey(set.masterKey) });
    expect(await listProjects(database.records)).toMatchObject([{ name: 'Chat', organization: { name: '営業部' }, publicKeys: ['pk-lf-set'] }]);
    expect(await verifyPassword('a long password', await passwordHash('hanako@example.com'))).toBe(true);
    const [person] = await database.records.query(sql`SELECT name, must_change_password FROM users`);
    expect(person).toEqual({ name: '花子', must_change_password: false });
  });
});

describe('later starts', () => {
  test('change nothing when nothing changed', async () => {
    const first = await start({ userPassword: 'a long password', userEmail: 'a@b.example' });
    const before = readFileSync(path.join(dataDir, 'keys.json'), 'utf8');
    const again = await start({ userPassword: 'a long password', userEmail: 'a@b.example' });
    expect(again).toMatchObject({ firstStart: false, projectId: first.projectId, masterKeyHash: first.masterKeyHash, credentials: first.credentials });
    expect(again.instanceSecret.equals(first.instanceSecret)).toBe(true);
    expect(readFileSync(path.join(dataDir, 'keys.json'), 'utf8')).toBe(before);
  });

  test('apply a value that is set or changed later, once', async () => {
    await start({ userEmail: 'a@b.example' });
    await start({ masterKey: 'sk-set-later', projectName: 'Renamed', userEmail: 'a@b.example', userPassword: 'the first one' });
    expect((await start()).masterKeyHash).toBe(hashKey('sk-set-later'));
    expect((await listProjects(database.records))[0]?.name).toBe('Renamed');
    const own = await import('./password.ts').then(({ hashPassword }) => hashPassword('her own choice'));
    await database.records.query(sql`UPDATE accounts SET password = ${own}`);
    await start({ userEmail: 'a@b.example', userPassword: 'the first one' });
    expect(await verifyPassword('her own choice', await passwordHash('a@b.example'))).toBe(true);
    await start({ userEmail: 'a@b.example', userPassword: 'the second one' });
    expect(await verifyPassword('the second one', await passwordHash('a@b.example'))).toBe(true);
  });

  test('take the first password out of the file after it was changed', async () => {
    const { credentials } = await start();
    dropStoredPassword(dataDir, 'somebody@else.example');
    expect((await start()).credentials?.password).toBe(credentials?.password);
    dropStoredPassword(dataDir, credentials?.email as string);
    expect((await start()).credentials).toMatchObject({ password: null, masterKey: credentials?.masterKey });
  });

  test('after sealing only hashes remain, and they keep working', async () => {
    const first = await start();
    await sealKeys(database.records, dataDir);
    expect(existsSync(path.join(dataDir, 'keys.json'))).toBe(false);
    const again = await start();
    expect(again).toMatchObject({ credentials: null, keysFileWritten: false, masterKeyHash: first.masterKeyHash });
    expect(existsSync(path.join(dataDir, 'keys.json'))).toBe(false);
    expect(matchesHash(first.credentials?.masterKey as string, again.masterKeyHash)).toBe(true);
  });
});

test('with external records nothing is written to a file and the credentials are given out once', async () => {
  const first = await start({ recordsUrl: 'postgresql://somewhere' });
  expect(first.credentials?.virtualKey).toMatch(/^sk-/);
  expect(existsSync(path.join(dataDir, 'keys.json'))).toBe(false);
  expect((await start({ recordsUrl: 'postgresql://somewhere' })).credentials).toBeNull();
});

test('half a pair and impossible public keys are refused with what to do', async () => {
  await expect(start({ projectPublicKey: 'pk-lf-a' })).rejects.toMatchObject({ code: 'invalid_setting' });
  await expect(start({ projectPublicKey: 'pk lf', projectSecretKey: 's' })).rejects.toMatchObject({ code: 'invalid_setting' });
});
