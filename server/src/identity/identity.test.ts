// Virtual and project keys on the embedded PostgreSQL: records, directories, blocking, wrong keys, the store away.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Records, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { openKeyDirectory, type VirtualKeyDirectory } from './key-directory.ts';
import { hashKey, mintProjectKeys, mintVirtualKey } from './keys.ts';
import { openProjectKeys, type ProjectKeyDirectory, parseAuthorization, writeProjectKey } from './project-keys.ts';
import { listProjects } from './projects.ts';
import { deleteVirtualKeys, getVirtualKey, insertVirtualKey, type KeyStore, listVirtualKeys, setBlocked, updateVirtualKey } from './virtual-keys.ts';

let database: TestRecords;
let records: Records;
let directory: VirtualKeyDirectory;
let projects: ProjectKeyDirectory;
let store: KeyStore;
/** Another process: hears of changes only through the database. */
let elsewhere: { records: Records; directory: VirtualKeyDirectory };
const asked: Statement[] = [];
const pair = mintProjectKeys();

beforeAll(async () => {
  database = await startTestRecords();
  const open = database.records;
  records = { ...watched(open, asked) };
  await records.query(sql`INSERT INTO organizations (id, name) VALUES ('org', 'Organisation')`);
  await records.query(sql`INSERT INTO projects (id, organization_id, name) VALUES ('project', 'org', 'Project'), ('second', 'org', 'Second')`);
  await records.query(sql`INSERT INTO teams (id, alias, organization_id, cost_centre) VALUES ('team', 'Team', 'org', 'CC-1')`);
  await writeProjectKey(records, { organizationId: 'org', projectId: 'project', ...pair });
  directory = await openKeyDirectory(records);
  projects = await openProjectKeys(records);
  store = { records, changed: (id) => directory.forget(id) };
  const other = database.open();
  elsewhere = { records: other, directory: await openKeyDirectory(other) };
});
afterAll(async () => {
  await elsewhere?.records.close();
  await database?.stop();
});

function watched(inner: Records, log: Statement[]): Records {
  return {
    query: (statement) => {
      log.push(statement);
      return inner.query(statement);
    },
    transaction: (work) => inner.transaction(work),
    listen: (...parameters) => inner.listen(...parameters),
    ping: (timeoutMs) => inner.ping(timeoutMs),
    close: () => inner.close(),
  };
}

async function create(fields: Partial<Parameters<typeof insertVirtualKey>[1]> = {}) {
  const minted = mintVirtualKey();
  const record = await insertVirtualKey(store, { id: minted.hash, name: minted.name, organizationId: 'org', projectId: 'project', ...fields });
  return { ...minted, record };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('waited 10 s in vain');
}

describe('virtual keys', () => {
  test('are written and read whole, amounts exact', async () => {
    const { record } = await create({
      alias: 'whole',
      models: ['gpt-4o-mini', 'openai/*'],
      maxBudgetPicos: 12_345_678_901_234_567_890n,
      rpmLimit: 60,
      tpmLimit: 5_000_000_000,
      maxParallelRequests: 0,
      expiresAt: new Date('2030-01-01T00:00:00Z'),
      teamId: 'team',
      userId: 'taro',
      tags: ['夜', 'a,b"{}'],
      metadata: { deep: { list: [1, '二'] } },
      otherFields: { key_type: 'llm_api' },
      createdBy: 'admin',
    });
    expect(record).toMatchObject({
      alias: 'whole',
      models: ['gpt-4o-mini', 'openai/*'],
      maxBudgetPicos: 12_345_678_901_234_567_890n,
      rpmLimit: 60,
      tpmLimit: 5_000_000_000,
      maxParallelRequests: 0,
      expiresAtMs: Date.parse('2030-01-01T00:00:00Z'),
      teamAlias: 'Team',
      costCentre: 'CC-1',
      userId: 'taro',
      tags: ['夜', 'a,b"{}'],
      metadata: { deep: { list: [1, '二'] } },
      otherFields: { key_type: 'llm_api' },
      spendPicos: 0n,
      blocked: false,
      keepContent: true,
      createdBy: 'admin',
    });
  });

  test('a patch keeps what it does not name and clears what it names null', async () => {
    const { hash } = await create({ alias: 'patched', models: ['a'], maxBudgetPicos: 5n, rpmLimit: 3, tags: ['x'], metadata: { a: 1 } });
    const kept = await updateVirtualKey(store, hash, { rpmLimit: 7 }, 'somebody');
    expect(kept).toMatchObject({ alias: 'patched', models: ['a'], maxBudgetPicos: 5n, rpmLimit: 7, tags: ['x'], metadata: { a: 1 }, updatedBy: 'somebody' });
    const cleared = await updateVirtualKey(store, hash, { alias: null, models: null, maxBudgetPicos: null, rpmLimit: null, tags: null, metadata: null }, null);
    expect(cleared).toMatchObject({ alias: null, models: [], maxBudgetPicos: null, rpmLimit: null, tags: [], metadata: {} });
    expect(await updateVirtualKey(store, 'f'.repeat(64), { rpmLimit: 1 }, null)).toBeNull();
  });

  test('refuse a second key of the same alias or hash, and unknown teams, with what to do', async () => {
    const { hash, name } = await create({ alias: 'only-once' });
    await expect(create({ alias: 'only-once' })).rejects.toMatchObject({ status: 400, param: 'key_alias' });
    await expect(insertVirtualKey(store, { id: hash, name, organizationId: 'org', projectId: 'project' })).rejects.toMatchObject({ status: 400, param: 'key' });
    await expect(create({ teamId: 'nobody' })).rejects.toMatchObject({ status: 400, param: 'team_id' });
    await expect(create({ maxBudgetPicos: 10n ** 40n })).rejects.toMatchObject({ status: 400 });
  });

  test('are listed by page, filter and order, and deleted by id or alias', async () => {
    for (let n = 0; n < 5; n++) await create({ alias: `Listed-${n}`, userId: 'lister', spendPicos: BigInt(n) });
    const first = await listVirtualKeys(records, { page: 1, size: 2, filters: { userId: 'lister' }, orderBy: 'spend' });
    expect([first.totalCount, first.totalPages, first.keys.map((key) => key.alias)]).toEqual([5, 3, ['Listed-4', 'Listed-3']]);
    const last = await listVirtualKeys(records, { page: 3, size: 2, filters: { aliasContains: 'LISTED' }, orderBy: 'alias', ascending: true });
    expect(last.keys.map((key) => key.alias)).toEqual(['Listed-4']);
    expect((await listVirtualKeys(records, { page: 1, size: 10, filters: { aliasContains: '%' } })).totalCount).toBe(0);
    const deleted = await deleteVirtualKeys(store, { ids: ['0'.repeat(64), first.keys[0]?.id as string], aliases: ['Listed-3', 'nobody'] });
    expect(deleted.sort()).toEqual(first.keys.map((key) => key.id).sort());
    expect(await getVirtualKey(records, deleted[0] as string)).toBeNull();
  });
});

describe('the key directory', () => {
  test('asks the database once for 50 first requests at once', async () => {
    const log: Statement[] = [];
    const fresh = await openKeyDirectory(watched(database.records, log));
    const { hash } = await create();
    // Once the later key's notification is here, the earlier one's is too and cannot cause a second read.
    const later = mintVirtualKey();
    await fresh.load(later.hash);
    await insertVirtualKey(store, { id: later.hash, name: later.name, organizationId: 'org', projectId: 'project' });
    await until(() => fresh.find(later.hash) === undefined);
    log.length = 0;
    const keys = await Promise.all(Array.from({ length: 50 }, () => fresh.load(hash)));
    expect(log).toHaveLength(1);
    expect(new Set(keys.map((key) => key?.id))).toEqual(new Set([hash]));
    expect(fresh.find(hash)?.id).toBe(hash);
    await fresh.close();
  });

  test('a blocked key is refused on the next request here, and as soon as the notification arrives elsewhere', async () => {
    const { hash } = await create();
    await directory.load(hash);
    await elsewhere.directory.load(hash);
    await setBlocked(store, hash, true, null);
    expect(directory.find(hash) ?? (await directory.load(hash))).toMatchObject({ blocked: true });
    await until(() => elsewhere.directory.find(hash) === undefined);
    expect(await elsewhere.directory.load(hash)).toMatchObject({ blocked: true });
  });

  test('a created key works at once where it was just refused, and a deleted one nowhere', async () => {
    const minted = mintVirtualKey();
    expect(await elsewhere.directory.load(minted.hash)).toBeNull();
    await insertVirtualKey(store, { id: minted.hash, name: minted.name, organizationId: 'org', projectId: 'project' });
    await until(() => elsewhere.directory.find(minted.hash) === undefined);
    expect((await elsewhere.directory.load(minted.hash))?.id).toBe(minted.hash);
    await deleteVirtualKeys(store, { ids: [minted.hash] });
    await until(() => elsewhere.directory.find(minted.hash) === undefined);
    expect(await elsewhere.directory.load(minted.hash)).toBeNull();
  });

  test('hears of changes that somebody makes with SQL, and of a blocked team; spend alone tells nobody', async () => {
    const { hash } = await create({ teamId: 'team' });
    await elsewhere.directory.load(hash);
    await records.query(sql`UPDATE virtual_keys SET spend = spend + 1 WHERE id = ${hash}`);
    await records.query(sql`UPDATE virtual_keys SET rpm_limit = 9 WHERE id = ${hash}`);
    await until(() => elsewhere.directory.find(hash) === undefined);
    expect(await elsewhere.directory.load(hash)).toMatchObject({ rpmLimit: 9 });
    await records.query(sql`UPDATE teams SET blocked = true WHERE id = 'team'`);
    await until(() => elsewhere.directory.find(hash) === undefined);
    expect(await elsewhere.directory.load(hash)).toMatchObject({ blocked: true });
    await records.query(sql`UPDATE teams SET blocked = false WHERE id = 'team'`);
  });

  test('wrong and malformed keys are null, by bound parameters only', async () => {
    const shapes = [`'; DROP TABLE virtual_keys; --`, '\u0000', 'sk-\u0000', 'x'.repeat(10_240), '鍵🔑', '\ud800', '', '%', '" OR 1=1', '$1'];
    asked.length = 0;
    const property = fc.asyncProperty(fc.oneof(fc.constantFrom(...shapes), fc.string({ unit: 'binary', maxLength: 200 })), async (key) => {
      expect(await directory.load(hashKey(key))).toBeNull();
      expect(await getVirtualKey(records, key)).toBeNull();
    });
    await fc.assert(property, { numRuns: 100 });
    expect(new Set(asked.map((statement) => statement.text)).size).toBe(1);
    expect(asked.every((statement) => /^[0-9a-f]{64}$/.test(String(statement.values[0])))).toBe(true);
  });
});

describe('project keys', () => {
  const basic = (publicKey: string, secretKey: string): string => `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`;

  test('the pair opens the project, the public key alone may only write scores', async () => {
    expect(await projects.authenticate(basic(pair.publicKey, pair.secretKey))).toEqual({
      kind: 'project-key',
      projectId: 'project',
      organizationId: 'org',
      publicKey: pair.publicKey,
      scope: 'project',
    });
    expect(await projects.authenticate(`bearer ${pair.publicKey}`)).toMatchObject({ scope: 'scores', projectId: 'project' });
  });

  test('only a hash of the secret is stored', async () => {
    const [row] = await records.query(sql`SELECT * FROM project_keys WHERE public_key = ${pair.publicKey}`);
    expect(JSON.stringify(row)).not.toContain(pair.secretKey);
    expect(row).toMatchObject({ secret_hash: hashKey(pair.secretKey), display_secret_key: `sk-lf-...${pair.secretKey.slice(-4)}` });
  });

  test('a moved or removed pair is known as such when the notification arrives', async () => {
    const other = mintProjectKeys();
    await writeProjectKey(records, { organizationId: 'org', projectId: 'project', ...other });
    const header = basic(other.publicKey, other.secretKey);
    expect(await projects.authenticate(header)).toMatchObject({ projectId: 'project' });
    await writeProjectKey(records, { organizationId: 'org', projectId: 'second', ...other });
    await until(async () => ((await projects.authenticate(header)) as { projectId?: string } | null)?.projectId === 'second');
    await records.query(sql`DELETE FROM project_keys WHERE public_key = ${other.publicKey}`);
    await until(async () => (await projects.authenticate(header)) === null);
  });

  test('wrong, foreign and malformed headers are null', async () => {
    const shapes = [
      null,
      undefined,
      '',
      'Basic',
      'Basic ',
      'Basic !!!',
      'Basic OjpvOg==',
      basic(pair.publicKey, ''),
      basic('', pair.secretKey),
      basic(pair.publicKey, `${pair.secretKey}x`),
      basic("' OR ''='", pair.secretKey),
      basic(`${pair.publicKey}\u0000`, pair.secretKey),
      basic(`pk-lf-${'x'.repeat(10_240)}`, 'x'),
      `Bearer ${pair.secretKey}`,
      'Bearer 鍵',
      `Digest ${pair.publicKey}`,
    ];
    for (const header of shapes) expect(await projects.authenticate(header)).toBeNull();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 100 }), fc.constantFrom('Basic ', 'Bearer ', ''), async (text, scheme) => {
        expect(await projects.authenticate(`${scheme}${text}`)).toBeNull();
        expect(await projects.authenticate(basic(text, text))).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  test('splits at the first colon', () => {
    expect(parseAuthorization(basic('pk', 'a:b'))).toEqual({ publicKey: 'pk', secretKey: 'a:b' });
  });

  test('projects are listed with their organisation and public keys', async () => {
    expect(await listProjects(records, { id: 'project' })).toEqual([
      {
        id: 'project',
        name: 'Project',
        organization: { id: 'org', name: 'Organisation' },
        metadata: {},
        retentionDays: 0,
        keepContent: true,
        publicKeys: [pair.publicKey],
      },
    ]);
  });
});

describe('while PostgreSQL is away', () => {
  test('known keys go on, unknown ones get 503; when it is back everything is as before', async () => {
    const { hash, key } = await create({ alias: 'goes-on' });
    await directory.load(hash);
    const header = `Basic ${Buffer.from(`${pair.publicKey}:${pair.secretKey}`).toString('base64')}`;
    await projects.authenticate(header);
    const pid = database.server.pid() as number;
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    expect(directory.find(hashKey(key))?.alias).toBe('goes-on');
    expect(await projects.authenticate(header)).toMatchObject({ projectId: 'project' });
    const unknown = await directory.load(mintVirtualKey().hash).catch((error: unknown) => error);
    expect(unknown === null || (unknown as { status: number }).status === 503).toBe(true);
    await until(() => database.server.pid() !== null && database.server.pid() !== pid);
    expect(await directory.load(mintVirtualKey().hash).catch(() => null)).toBeNull();
    expect((directory.find(hash) ?? (await directory.load(hash)))?.alias).toBe('goes-on');
  });
});
