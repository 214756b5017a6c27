// A gateway dies with its disk under load: what its clients saw the end of is in the ledger at its cost, everything else that was sent to the provider at its reservation.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from './client.ts';
import { type Cluster, clusterIsPossible, type Member, startCluster } from './cluster.ts';
import { type CountingUpstream, startCountingUpstream } from './counting-upstream.ts';
import { eventually } from './process.ts';

const here = clusterIsPossible();
const CALLERS = 16;
/** 10 tokens in, 5 out. */
const COST = 15;

describe.skipIf(!here)('two gateways of which one is lost with its disk', () => {
  let cluster: Cluster;
  let upstream: CountingUpstream;

  beforeAll(async () => {
    upstream = await startCountingUpstream();
    const config = `
model_list:
  - model_name: counted
    litellm_params: { model: openai/counted, api_base: "${upstream.url}", api_key: none, input_cost_per_token: 1, output_cost_per_token: 1 }
litellm_settings: { num_retries: 0 }
`;
    cluster = await startCluster(config, { gateway: 2, observe: 0, worker: 0 }, { links: true });
  }, 240_000);
  afterAll(async () => {
    await cluster?.close();
    await upstream?.close();
  });

  interface Call {
    end_user: string | null;
    outcome: string;
    cost: string;
  }
  const ledger = async (): Promise<Call[]> => (await cluster.sql('SELECT end_user, outcome, cost FROM genai.ledger WHERE final')) as unknown as Call[];
  const readiness = async (member: Member) => (await call(`${member.url}/health/readiness`)).body as unknown as { status: string; money: { state: string } };

  /** Calls without a pause until `work` ends; the users whose answer ended whole. */
  const under = async (work: () => Promise<void>): Promise<{ ended: Set<string>; faults: string[] }> => {
    const ended = new Set<string>();
    const faults: string[] = [];
    let working = true;
    const caller = async (name: string): Promise<void> => {
      for (let index = 0; working; index++) {
        const user = `${name}-${index}`;
        const stream = index % 2 === 0;
        const body = { model: 'counted', user, stream, max_tokens: 20, messages: [{ role: 'user', content: 'x' }] };
        const answer = await call(`${cluster.gatewayUrl}/v1/chat/completions`, { key: cluster.masterKey, body }).catch((error: unknown) => ({
          status: 0,
          text: String(error),
        }));
        if (answer.status === 200 && (!stream || answer.text.includes('[DONE]'))) ended.add(user);
        else faults.push(`${user} ${answer.status} ${answer.text.slice(0, 200)}`);
      }
    };
    const name = Math.random().toString(36).slice(2);
    const callers = Array.from({ length: CALLERS }, (_, index) => caller(`${name}-${index}`));
    await work();
    working = false;
    await Promise.all(callers);
    return { ended, faults };
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const key = async (): Promise<number> => {
    const rows = await cluster.sql("SELECT spend FROM genai.spend_limits WHERE kind = 'organization'");
    return Number(rows[0]?.spend ?? 0);
  };

  it('settled and unknown calls cover what the provider served, to the cent; unknown are at most those in flight', async () => {
    const [lost] = cluster.of('gateway') as [Member];
    const { ended } = await under(async () => {
      await pause(2_000);
      await cluster.kill(lost);
      rmSync(join(lost.folder, 'data'), { recursive: true, force: true });
      await pause(1_000);
      await cluster.start(lost);
      await pause(1_000);
    });
    expect(ended.size).toBeGreaterThan(100);
    const named = (calls: readonly Call[]) => new Set(calls.filter(({ outcome }) => outcome !== 'unknown').map(({ end_user }) => end_user));
    const unknown = (calls: readonly Call[]) => calls.filter(({ outcome }) => outcome === 'unknown');
    const uncovered = (calls: readonly Call[]) => [...upstream.served.keys()].filter((user) => !named(calls).has(user));
    // The other gateway waits for the lease of the dead one.
    await eventually(
      'every served call',
      async () => uncovered(await ledger()).length <= unknown(await ledger()).length && (await cluster.sql('SELECT 1 FROM genai.money_writers')).length === 2,
      120_000,
    );
    const calls = await ledger();
    for (const user of ended) expect(named(calls)).toContain(user);
    expect(unknown(calls).length).toBeLessThanOrEqual(CALLERS);
    expect(calls.filter(({ end_user }) => end_user !== null).length).toBe(named(calls).size);
    for (const one of calls) if (one.outcome === 'success') expect(Number(one.cost)).toBe(COST);
    expect(await key()).toBe(calls.reduce((sum, { cost }) => sum + Number(cost), 0));
  }, 240_000);

  it('go on while PostgreSQL is out of reach, say so, and have every call in the ledger afterwards', async () => {
    const before = (await ledger()).length;
    const members = cluster.of('gateway');
    const { ended, faults } = await under(async () => {
      await pause(500);
      for (const { links } of members) links.postgres?.set('stall');
      await pause(5_000);
      for (const member of members) expect(await readiness(member)).toMatchObject({ status: 'degraded', money: { state: 'local' } });
      const admin = await call(`${cluster.gatewayUrl}/key/generate`, { key: cluster.masterKey, body: {} });
      expect([admin.status, Number(admin.headers.get('retry-after')) > 0]).toEqual([503, true]);
      for (const { links } of members) links.postgres?.set('cut');
      await pause(2_000);
      for (const { links } of members) links.postgres?.set('open');
      await pause(1_000);
    });
    expect(faults).toEqual([]);
    expect(ended.size).toBeGreaterThan(100);
    for (const member of members) await eventually('PostgreSQL again', async () => (await readiness(member)).status === 'healthy', 60_000);
    await eventually('every call in the ledger', async () => (await ledger()).length === before + ended.size, 60_000);
    expect((await ledger()).filter(({ outcome }) => outcome === 'unknown').length).toBeLessThanOrEqual(CALLERS);
    expect(await key()).toBe((await ledger()).reduce((sum, { cost }) => sum + Number(cost), 0));
  }, 240_000);
});
