// Processes apart on machines that are not right: clocks that are minutes off in both directions, a disk that is full. Limits, leases and money go by the stores' clocks; a gateway without room keeps calls going and what they cost.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from './client.ts';
import { type Cluster, clusterIsPossible, type Member, startCluster } from './cluster.ts';
import { type CountingUpstream, startCountingUpstream } from './counting-upstream.ts';
import { need } from './needs.ts';
import { eventually, removeFolder, temporaryFolder } from './process.ts';

const faketime = need('faketime');
const here = clusterIsPossible() && faketime !== null;
/** 10 tokens in, 5 out, at 1 dollar each. */
const COST = 15;
const DISK_MIB = 48;

/** A file system of its own that is soon full; false where mounting is not allowed. */
function mountSmall(path: string): boolean {
  mkdirSync(path);
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path]).status === 0;
  if (!isMounted) console.info('skipped: a gateway on a full disk (mounting a tmpfs is not allowed here)');
  return isMounted;
}

describe.skipIf(!here)('a platform whose machines are not right', () => {
  let cluster: Cluster;
  let upstream: CountingUpstream;
  const folder = temporaryFolder();
  const disk = join(folder, 'disk');
  const isMounted = here && mountSmall(disk);

  beforeAll(async () => {
    upstream = await startCountingUpstream(100);
    const config = `
model_list:
  - model_name: counted
    litellm_params: { model: openai/counted, api_base: "${upstream.url}", api_key: none, input_cost_per_token: 1, output_cost_per_token: 1 }
litellm_settings: { num_retries: 0 }
`;
    const clock = (offset: string) => ({ LD_PRELOAD: faketime as string, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' });
    const offsets: Record<string, string> = { 'gateway-1': '+300s', 'observe-0': '-300s', 'worker-0': '-120s', 'worker-1': '+120s' };
    const odd: NonNullable<Parameters<typeof startCluster>[2]>['odd'] = (role, index) => {
      const offset = offsets[`${role}-${index}`];
      return {
        ...(offset === undefined ? {} : { environment: clock(offset) }),
        ...(isMounted && role === 'gateway' && index === 0 ? { dataDir: join(disk, 'data') } : {}),
      };
    };
    cluster = await startCluster(config, { gateway: 2, observe: 1, worker: 2 }, { odd, flags: { gateway: ['--when-redis-is-away', 'refuse'] } });
  }, 240_000);
  afterAll(async () => {
    await cluster?.close();
    await upstream?.close();
    if (isMounted) spawnSync('umount', [disk]);
    removeFolder(folder);
  });

  const newKey = async (body: Record<string, unknown> = {}): Promise<string> =>
    (await call(`${cluster.gatewayUrl}/key/generate`, { key: cluster.masterKey, body })).body.key as unknown as string;
  const chat = (member: Member, key: string, user: string, content = 'x') =>
    call(`${member.url}/v1/chat/completions`, { key, body: { model: 'counted', user, max_tokens: 20, messages: [{ role: 'user', content }] } });
  const idOf = ({ headers }: Awaited<ReturnType<typeof chat>>): string => (headers.get('x-litellm-call-id') as string).replaceAll('-', '');
  const trace = (id: string) => call(`${cluster.observeUrl}/api/public/traces/${id}`, { basic: cluster.basic });
  const inLedger = async (ids: readonly string[]): Promise<{ outcome: string; cost: string }[]> =>
    (await cluster.sql(`SELECT outcome, cost FROM genai.ledger WHERE final AND call_id IN (${ids.map((id) => `'${id}'`).join(',')})`)) as never;

  it('counts limits, budgets and leases alike whatever their clocks say', async () => {
    const [right, ahead] = cluster.of('gateway') as [Member, Member];
    const limited = await newKey({ rpm_limit: 12 });
    const minute = Math.floor(Date.now() / 60_000);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => chat(index % 2 ? right : ahead, limited, `limit-${index}`)));
    const admitted = answers.filter(({ status }) => status === 200).length;
    // A minute that ended meanwhile gives a second window. On a busy machine a question to Redis may take longer than its bound: then the call is refused with 503.
    expect(admitted).toBeLessThanOrEqual(Math.floor(Date.now() / 60_000) === minute ? 12 : 24);
    expect(admitted).toBeGreaterThan(0);
    expect(answers.every(({ status }) => [200, 429, 503].includes(status))).toBe(true);
    // Longer than the renewal of the writers' leases (5 s): a clock that is five minutes ahead must not make the other gateway a dead one.
    const free = await newKey();
    const ids: string[] = [];
    const until = Date.now() + 8_000;
    const caller = async (member: Member, name: string): Promise<void> => {
      for (let round = 0; Date.now() < until; round++) {
        const answer = await chat(member, free, `${name}-${round}`);
        expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
        ids.push(idOf(answer));
      }
    };
    await Promise.all([caller(right, 'right'), caller(right, 'right-too'), caller(ahead, 'ahead'), caller(ahead, 'ahead-too')]);
    expect(ids.length).toBeGreaterThan(20);
    await eventually('every call in the ledger', async () => (await inLedger(ids)).length === ids.length, 30_000);
    expect((await inLedger(ids)).filter(({ outcome, cost }) => outcome !== 'success' || Number(cost) !== COST)).toEqual([]);
    expect(await cluster.sql('SELECT 1 FROM genai.money_writers')).toHaveLength(2);
    expect((await cluster.sql("SELECT 1 FROM genai.ledger WHERE outcome = 'unknown'")).length).toBe(0);
  }, 120_000);

  it('stores what was accepted, also when the worker with the slow clock dies and the one with the fast clock goes on', async () => {
    const send = async (id: string): Promise<void> => {
      const timestamp = new Date().toISOString();
      const batch = [{ id: `${id}-1`, type: 'trace-create', timestamp, body: { id, name: 'odd', timestamp } }];
      expect((await call(`${cluster.observeUrl}/api/public/ingestion`, { basic: cluster.basic, body: { batch } })).status).toBe(207);
    };
    const ids = Array.from({ length: 20 }, (_, index) => `odd-${Date.now()}-${index}`);
    for (const id of ids.slice(0, 10)) await send(id);
    await eventually('a worker to store', async () => (await trace(ids[0] as string)).status === 200, 30_000);
    const [slow] = cluster.of('worker') as [Member];
    await cluster.kill(slow);
    for (const id of ids.slice(10)) await send(id);
    for (const id of ids) await eventually(`trace ${id}`, async () => (await trace(id)).status === 200, 60_000);
  }, 120_000);

  it.skipIf(!isMounted)(
    'answers and bills calls while the disk of a gateway is full, keeps their contents again when there is room',
    async () => {
      const [gateway] = cluster.of('gateway') as [Member];
      const key = await newKey();
      const filler = join(disk, 'filler');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 256 * 1024)));
      const large = 'あ'.repeat(100_000);
      const during: Awaited<ReturnType<typeof chat>>[] = [];
      for (let index = 0; index < 12; index++) during.push(await chat(gateway, key, `full-${index}`, large));
      expect(during.map(({ status, text }) => (status === 200 ? 200 : text))).toEqual(Array(12).fill(200));
      expect((await fetch(`${gateway.url}/health/readiness`)).status).toBe(200);
      rmSync(filler);
      await eventually(
        'a call whose content is kept',
        async () => {
          const after = await chat(gateway, key, 'room', large);
          expect(after.status).toBe(200);
          return await eventually('its trace', async () => (await trace(idOf(after))).status === 200, 5_000).catch(() => false);
        },
        60_000,
      );
      const ids = during.map(idOf);
      await eventually('every call in the ledger', async () => (await inLedger(ids)).length === ids.length, 30_000);
      expect((await inLedger(ids)).filter(({ outcome, cost }) => outcome !== 'success' || Number(cost) !== COST)).toEqual([]);
    },
    120_000,
  );
});
