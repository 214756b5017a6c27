// `--workers 2`: one port, two processes that answer calls. Limits, budgets and blocked keys hold for both together; one that is killed under load loses nothing and comes back; an ending platform lets streams end.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey, observe } from './client.ts';
import { type CountingUpstream, startCountingUpstream } from './counting-upstream.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

/** 10 tokens in, 5 out, at 1 dollar each. */
const COST = 15;

interface Row {
  request_id: string;
  spend: number;
  metadata: { outcome: string };
}

describe('a platform with two processes for calls', () => {
  let platform: Platform;
  let upstream: CountingUpstream;
  const folder = temporaryFolder();
  const start = async (workers: string): Promise<Platform> => {
    const config = `
model_list:
  - model_name: counted
    litellm_params: { model: openai/counted, api_base: "${upstream.url}", api_key: none, input_cost_per_token: 1, output_cost_per_token: 1 }
litellm_settings: { num_retries: 0 }
`;
    return await startPlatform({ folder, config, flags: ['--workers', workers] });
  };

  beforeAll(async () => {
    upstream = await startCountingUpstream(200);
    platform = await start('2');
  }, 120_000);
  afterAll(async () => {
    await platform?.stop();
    await upstream?.close();
    removeFolder(folder);
  });

  const chat = (key: string, fields: Record<string, unknown> = {}) =>
    call(`${platform.gatewayUrl}/v1/chat/completions`, {
      key,
      body: { model: 'counted', max_tokens: 20, messages: [{ role: 'user', content: 'x' }], ...fields },
    });
  const readiness = async () => (await call(`${platform.gatewayUrl}/health/readiness`)).body as unknown as { status: string; workers: { ready: number } };
  /** Ids of the processes that answer calls. */
  const workers = (): number[] =>
    readFileSync(`/proc/${platform.pid}/task/${platform.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number)
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('call-worker.ts'));
  const ledger = async (key: string): Promise<Row[]> => {
    const rows: Row[] = [];
    for (let page = 1; ; page++) {
      const answer = await call(`${platform.gatewayUrl}/spend/logs/v2?page=${page}&page_size=100&api_key=${key}`, { key: platform.keys.masterKey });
      const { data, total_pages: pages } = answer.body as unknown as { data: Row[]; total_pages: number };
      rows.push(...data);
      if (page >= pages) return rows;
    }
  };

  it('admits exactly as many calls as limit and budget allow, whichever process is asked', async () => {
    const limited = await generateKey(platform, { rpm_limit: 20 });
    const minute = Math.floor(Date.now() / 60_000);
    const answers = await Promise.all(Array.from({ length: 50 }, () => chat(limited)));
    const admitted = answers.filter(({ status }) => status === 200).length;
    // A minute that ended meanwhile gives a second window.
    expect(admitted).toBe(Math.floor(Date.now() / 60_000) === minute ? 20 : admitted);
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
    const budgeted = await generateKey(platform, { max_budget: 10 * COST });
    const paid = await Promise.all(Array.from({ length: 40 }, () => chat(budgeted)));
    const more = await Promise.all(Array.from({ length: 10 }, () => chat(budgeted)));
    const spent = [...paid, ...more].filter(({ status }) => status === 200).length * COST;
    // The hold is 10 tokens in and 20 out; the call that crosses the budget is the last.
    expect(spent).toBeLessThanOrEqual(11 * COST);
    expect(more.some(({ status }) => status === 400)).toBe(true);
    await eventually('both to have answered calls', async () => {
      const { text } = await call(`${platform.gatewayUrl}/metrics`);
      return [0, 1].every((worker) => text.includes(`genai_gateway_calls_total{worker="${worker}",endpoint="chat"`));
    });
  });

  it('refuses a blocked key in every process from the next call on', async () => {
    const key = await generateKey(platform);
    expect((await Promise.all(Array.from({ length: 8 }, () => chat(key)))).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect((await call(`${platform.gatewayUrl}/key/block`, { key: platform.keys.masterKey, body: { key } })).status).toBe(200);
    expect((await Promise.all(Array.from({ length: 8 }, () => chat(key)))).map(({ status }) => status)).toEqual(Array(8).fill(401));
  });

  it('loses no call and no cent when one is killed under load, and has it back soon', async () => {
    const key = await generateKey(platform);
    const before = upstream.served.size;
    const ended = new Set<string>();
    let [working, broken] = [true, 0];
    const caller = async (name: number): Promise<void> => {
      for (let round = 0; working; round++) {
        const stream = round % 2 === 0;
        const answer = await chat(key, { user: `kill-${name}-${round}`, stream }).catch(() => null);
        if (answer?.status === 200 && (!stream || answer.text.includes('[DONE]'))) ended.add(answer.headers.get('x-litellm-call-id') as string);
        else broken++;
      }
    };
    const callers = Array.from({ length: 12 }, (_, name) => caller(name));
    await eventually('calls under way', async () => ended.size > 40);
    const [victim] = workers() as [number];
    process.kill(victim, 'SIGKILL');
    await eventually('readiness to say so', async () => (await readiness()).status === 'degraded');
    await eventually('the process to be back', async () => (await readiness()).workers.ready === 2 && (await readiness()).status === 'healthy', 30_000);
    expect(workers()).toHaveLength(2);
    expect(workers()).not.toContain(victim);
    working = false;
    await Promise.all(callers);
    const served = upstream.served.size - before;
    const rows = await eventually(
      'every call in the ledger',
      async () => {
        const found = await ledger(key);
        return found.length >= served && [...ended].every((id) => found.some(({ request_id: one }) => one === id)) ? found : null;
      },
      30_000,
    );
    const byId = new Map(rows.map((row) => [row.request_id, row]));
    expect(byId.size).toBe(rows.length);
    expect([...ended].filter((id) => byId.get(id)?.metadata.outcome !== 'success' || byId.get(id)?.spend !== COST)).toEqual([]);
    const unknown = rows.filter(({ metadata }) => metadata.outcome === 'unknown').length;
    expect(unknown).toBeLessThanOrEqual(12);
    expect(broken).toBeLessThanOrEqual(24);
    const { info } = (await call(`${platform.gatewayUrl}/key/info?key=${key}`, { key: platform.keys.masterKey })).body as unknown as {
      info: { spend: number };
    };
    expect(info.spend).toBe(rows.reduce((sum, { spend }) => sum + spend, 0));
    // Every call is a trace as well: it came by way of the dead process's folder.
    const sample = [...ended].filter((_, index) => index % 7 === 0);
    for (const id of sample) {
      await eventually(`the trace of ${id}`, async () => (await observe(platform, `/api/public/traces/${id.replaceAll('-', '')}`)).status === 200, 20_000);
    }
  });

  it('lets streams end when the platform is told to end, and stores them also when the next start has fewer processes', async () => {
    const key = await generateKey(platform);
    upstream.delayMs = 1_500;
    const streams = Array.from({ length: 8 }, () => chat(key, { stream: true }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopping = platform.stop();
    const answers = await Promise.all(streams);
    expect(answers.map(({ status, text }) => status === 200 && text.includes('[DONE]'))).toEqual(Array(8).fill(true));
    expect(await stopping).toBe(0);
    upstream.delayMs = 0;
    platform = await start('1');
    expect((await ledger(key)).map(({ metadata, spend }) => [metadata.outcome, spend])).toEqual(Array(8).fill(['success', COST]));
    for (const { headers } of answers) {
      const id = (headers.get('x-litellm-call-id') as string).replaceAll('-', '');
      await eventually(`the trace of ${id}`, async () => (await observe(platform, `/api/public/traces/${id}`)).status === 200, 20_000);
    }
  });
});
