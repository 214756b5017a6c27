// Roles apart behind haproxy: calls through gateways and events through observe processes become traces by workers; any process may be restarted or killed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from './client.ts';
import { type Cluster, clusterIsPossible, type Member, startCluster } from './cluster.ts';
import { eventually } from './process.ts';

const here = clusterIsPossible();

describe.skipIf(!here)('two processes of every role', () => {
  let cluster: Cluster;
  const config = `
model_list:
  - model_name: priced
    litellm_params: { model: openai/priced, mock_response: "four words of answer", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
`;

  beforeAll(async () => {
    cluster = await startCluster(config, { gateway: 2, observe: 2, worker: 2 });
  }, 240_000);
  afterAll(() => cluster?.close());

  const newKey = async (): Promise<string> => {
    const answer = await call(`${cluster.gatewayUrl}/key/generate`, { key: cluster.masterKey, body: {} });
    return answer.body.key as unknown as string;
  };
  const chat = (key: string, stream = false) =>
    call(`${cluster.gatewayUrl}/v1/chat/completions`, { key, body: { model: 'priced', stream, messages: [{ role: 'user', content: 'x' }] } });
  const send = (id: string) =>
    call(`${cluster.observeUrl}/api/public/ingestion`, {
      basic: cluster.basic,
      body: { batch: [{ id: `event-${id}`, type: 'trace-create', timestamp: new Date().toISOString(), body: { id, name: 'from the test' } }] },
    });
  const trace = (id: string) => call(`${cluster.observeUrl}/api/public/traces/${id}`, { basic: cluster.basic });
  const traceOf = (headers: Headers): string => (headers.get('x-litellm-call-id') as string).replaceAll('-', '');
  const readable = (ids: Iterable<string>) => {
    const pending = new Set(ids);
    return eventually(
      'every acknowledged trace',
      async () => {
        for (const id of pending) {
          if ((await trace(id)).status !== 200) return false;
          pending.delete(id);
        }
        return true;
      },
      90_000,
    );
  };
  /** Calls and events without a pause until `work` ends; what was acknowledged, and every answer that was none. */
  const under = async (work: () => Promise<void>): Promise<{ traces: Set<string>; calls: number; faults: string[] }> => {
    const key = await newKey();
    const [traces, faults] = [new Set<string>(), [] as string[]];
    let calls = 0;
    let working = true;
    const note = (what: string, status: number, text: string) => faults.push(`${what} ${status} ${text.slice(0, 200)}`);
    const caller = async (): Promise<void> => {
      for (let index = 0; working; index++) {
        const answer = await chat(key, index % 2 === 0).catch((error: unknown) => ({ status: 0, text: String(error), headers: new Headers() }));
        if (answer.status === 200 && (index % 2 === 1 || answer.text.includes('[DONE]'))) {
          calls++;
          traces.add(traceOf(answer.headers));
        } else note('call', answer.status, answer.text);
      }
    };
    const sender = async (name: string): Promise<void> => {
      for (let index = 0; working; index++) {
        const id = `${name}-${index}`;
        const answer = await send(id).catch((error: unknown) => ({ status: 0, text: String(error) }));
        if (answer.status === 207) traces.add(id);
        else note('event', answer.status, answer.text);
      }
    };
    const name = Math.random().toString(36).slice(2);
    const load = [caller(), caller(), sender(`${name}-a`), sender(`${name}-b`)];
    await work();
    working = false;
    await Promise.all(load);
    return { traces, calls, faults };
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('make traces of calls and of events', async () => {
    const key = await newKey();
    const answer = await chat(key);
    expect(answer.status).toBe(200);
    expect((await send('first-event')).status).toBe(207);
    await readable([traceOf(answer.headers), 'first-event']);
    const { body } = await trace(traceOf(answer.headers));
    expect(JSON.stringify(body)).toContain('four words of answer');
  });

  it('serve only what their role serves', async () => {
    const [gateway, observe, worker] = (['gateway', 'observe', 'worker'] as const).map((role) => cluster.of(role)[0] as Member);
    expect((await call(`${gateway?.url}/api/public/traces`, { basic: cluster.basic })).status).toBe(404);
    expect((await call(`${observe?.url}/v1/chat/completions`, { key: cluster.masterKey, body: {} })).status).toBe(404);
    expect((await call(`${worker?.url}/v1/models`, { key: cluster.masterKey })).status).toBe(404);
    expect((await call(`${worker?.url}/key/list`, { key: cluster.masterKey })).status).toBe(404);
    expect((await call(`${worker?.url}/metrics`)).status).toBe(200);
  });

  it('delete what was stored: the worker hides it before the answer, and events that come later stay out', async () => {
    await send('to-delete');
    await send('to-keep');
    await readable(['to-delete', 'to-keep']);
    const answer = await call(`${cluster.observeUrl}/api/public/traces/to-delete`, { method: 'DELETE', basic: cluster.basic });
    expect(answer.status, answer.text).toBe(200);
    expect((await trace('to-delete')).status).toBe(404);
    await send('to-delete');
    await send('after-it');
    await readable(['after-it', 'to-keep']);
    expect((await trace('to-delete')).status).toBe(404);
    const receipt = await call(`${cluster.observeUrl}/api/public/deletions/${answer.headers.get('x-genai-deletion-id')}`, { basic: cluster.basic });
    expect(receipt.body).toMatchObject({ kind: 'traces', subjects: ['to-delete'] });
  }, 60_000);

  it('are restarted one after another under load: no request is cut, no event and no cent lost', async () => {
    const before = await cluster.sql("SELECT count(*)::int AS calls FROM genai.ledger WHERE outcome = 'success'");
    const { traces, calls, faults } = await under(async () => {
      for (const member of cluster.members) {
        expect(await cluster.stop(member), member.output.slice(-2_000)).toBe(0);
        await cluster.start(member);
        await pause(500);
      }
    });
    expect(faults).toEqual([]);
    expect(calls).toBeGreaterThan(50);
    await readable(traces);
    await eventually('every call in the ledger', async () => {
      const after = await cluster.sql("SELECT count(*)::int AS calls FROM genai.ledger WHERE outcome = 'success'");
      return Number(after[0]?.calls) - Number(before[0]?.calls) === calls;
    });
  }, 240_000);

  it('may be killed: what was acknowledged is readable, and a worker takes over from a dead one', async () => {
    const { traces } = await under(async () => {
      for (const member of [cluster.of('worker')[0], cluster.of('observe')[0], cluster.of('gateway')[0], cluster.of('worker')[1]] as Member[]) {
        await pause(700);
        await cluster.kill(member);
        await pause(300);
        await cluster.start(member);
      }
    });
    expect(traces.size).toBeGreaterThan(50);
    await readable(traces);
  }, 240_000);

  it('accept on while ClickHouse is away, and store everything afterwards', async () => {
    const { traces, faults } = await under(async () => {
      cluster.clickhouse.process.kill('SIGSTOP');
      await pause(3_000);
      cluster.clickhouse.process.kill('SIGCONT');
    });
    expect(faults).toEqual([]);
    await readable(traces);
  }, 120_000);

  it('answer events with 503 and Retry-After while S3 is away, within a bound, while calls go on', async () => {
    const key = await newKey();
    cluster.s3.process.kill('SIGSTOP');
    const startedAt = performance.now();
    try {
      const [answer, event] = await Promise.all([chat(key), send('not-accepted')]);
      expect(answer.status).toBe(200);
      expect(event.status).toBe(503);
      expect(Number(event.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(performance.now() - startedAt).toBeLessThan(40_000);
      cluster.s3.process.kill('SIGCONT');
      await eventually('events to be accepted again', async () => (await send('accepted-again')).status === 207, 30_000);
      await readable(['accepted-again', traceOf(answer.headers)]);
    } finally {
      cluster.s3.process.kill('SIGCONT');
    }
  }, 240_000);
});
