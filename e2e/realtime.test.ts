// Realtime sessions through a started platform with two processes for calls: OpenAI's own client over TLS, a browser's WebSocket with a short-lived secret, the rows and the trace they leave, and a process that is killed while an answer runs.

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClient, type RealtimeUpstream, startRealtimeUpstream } from '../server/src/gateway/realtime/realtime-fixture.ts';
import { call, generateKey, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const fixtures = join(import.meta.dirname, '../server/src/gateway/fixtures');
/** 60 fresh tokens in (40 of them heard), 40 cached, 50 out (30 spoken): see USAGE. */
const COST = 0.00344;

let upstream: RealtimeUpstream;
let platform: Platform;
let key: string;
let front: Server;
beforeAll(async () => {
  upstream = await startRealtimeUpstream();
  platform = await startPlatform({
    flags: ['--workers', '2'],
    config: `
model_list:
  - model_name: team/voice
    litellm_params:
      { model: openai/gpt-realtime, api_base: "${upstream.url}/v1", api_key: sk-example, input_cost_per_token: 0.000004, output_cost_per_token: 0.000016,
        cache_read_input_token_cost: 0.000001, input_cost_per_audio_token: 0.00003, output_cost_per_audio_token: 0.00006 }
    model_info: { mode: realtime }
`,
  });
  key = await generateKey(platform);
  // OpenAI's client speaks TLS alone, as to a platform behind a load balancer.
  const { port } = new URL(platform.gatewayUrl);
  front = createServer({ cert: readFileSync(join(fixtures, 'test-server.pem')), key: readFileSync(join(fixtures, 'test-server.key.pem')) }, (socket) => {
    const onward = connect(Number(port), '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const side of [socket, onward]) side.on('error', () => [socket.destroy(), onward.destroy()]);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
}, 120_000);
afterAll(async () => {
  front?.close();
  await platform?.stop();
  await upstream?.close();
});

interface Row {
  request_id: string;
  call_type: string;
  model: string;
  spend: number;
  metadata: { outcome: string };
}
/** A connection that was handed to a process in the moment it was killed is never answered: the next one is. */
async function ledger(of: string): Promise<Row[]> {
  const answer = await fetch(`${platform.gatewayUrl}/spend/logs/v2?page_size=100&api_key=${of}`, {
    headers: { authorization: `Bearer ${platform.keys.masterKey}`, connection: 'close' },
    signal: AbortSignal.timeout(3_000),
  });
  return ((await answer.json()) as { data: Row[] }).data;
}

/** The processes for calls: by their parents, because a process's own list of children may miss some while one of them ends. */
function callWorkers(): number[] {
  const read = (pid: number, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      // It ended meanwhile.
      return '';
    }
  };
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const isChild = (pid: number): boolean =>
    Number(
      read(pid, 'stat')
        .replace(/^.*\) \S /, '')
        .split(' ')[0],
    ) === platform.pid;
  return pids.filter((pid) => isChild(pid) && read(pid, 'cmdline').includes('call-worker.ts'));
}

describe('a session', () => {
  it('is held by OpenAI’s own client, costs what its answer used, and is a trace of its own', async () => {
    const { port } = front.address() as { port: number };
    const client = new OpenAI({ apiKey: key, baseURL: `https://127.0.0.1:${port}/v1` });
    const realtime = new OpenAIRealtimeWS({ model: 'team/voice', options: { rejectUnauthorized: false } }, client);
    const failed = new Promise<never>((_, reject) => realtime.on('error', reject));
    const said: string[] = [];
    realtime.on('response.output_audio_transcript.delta', ({ delta }) => said.push(delta));
    const done = new Promise<{ response: { status?: string } }>((resolve) => realtime.on('response.done', resolve));
    const there = await Promise.race([upstream.session(), failed]);
    expect([there.path, there.headers.authorization]).toEqual(['/v1/realtime?model=gpt-realtime', 'Bearer sk-example']);
    await new Promise<void>((resolve) => realtime.on('session.created', () => resolve()));
    realtime.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief' } });
    realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'こんにちは' }] } });
    realtime.send({ type: 'response.create' });
    await there.next('response.create');
    there.send({ type: 'conversation.item.added', item: { id: 'u1', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'こんにちは' }] } });
    there.speak(there.begin(), ['はい', '、どうぞ']);
    expect((await Promise.race([done, failed])).response.status).toBe('completed');
    expect(said).toEqual(['はい', '、どうぞ']);
    realtime.close();
    await there.closed;
    const rows = await eventually('both rows', async () => {
      const found = await ledger(key);
      return found.length === 2 ? found : null;
    });
    expect(rows.map(({ call_type, spend }) => [call_type, spend]).sort()).toEqual([
      ['_arealtime', 0],
      ['_arealtime', COST],
    ]);
    const answer = await eventually('the answer’s observation', async () => {
      const { body } = await observe(platform, '/api/public/observations?name=realtime.response');
      return (body.data as unknown as Record<string, unknown>[] | undefined)?.[0] ?? null;
    });
    expect(answer).toMatchObject({ type: 'GENERATION', model: 'gpt-realtime', calculatedTotalCost: COST });
    expect(JSON.stringify([answer.input, answer.output])).toMatch(/こんにちは.*はい、どうぞ/);
    const trace = await eventually('the session’s own observation', async () => {
      const { body } = await observe(platform, `/api/public/traces/${String(answer.traceId)}`);
      const observations = (body.observations ?? []) as unknown as Record<string, unknown>[];
      return observations.length === 2 ? { ...body, observations } : null;
    });
    const session = trace.observations.find(({ name }) => name === 'realtime.session');
    expect(session).toMatchObject({ type: 'SPAN', id: answer.parentObservationId });
    expect((trace as Record<string, unknown>).totalCost).toBeCloseTo(COST, 9);
  });

  it('is opened by a browser with a secret that any of the processes made', async () => {
    for (let round = 0; round < 4; round++) {
      const made = await call(`${platform.gatewayUrl}/v1/realtime/client_secrets`, {
        key,
        body: { session: { type: 'realtime', model: 'team/voice', instructions: 'Be kind' } },
      });
      expect(made.status).toBe(200);
      // What a browser has: no headers of its own.
      const socket = new WebSocket(`${platform.gatewayUrl.replace('http', 'ws')}/v1/realtime?model=team%2Fvoice`, [
        'realtime',
        `openai-insecure-api-key.${made.body.value}`,
      ]);
      const there = await upstream.session();
      expect(await there.next('session.update')).toMatchObject({ session: { instructions: 'Be kind' } });
      expect(socket.protocol).toBe('realtime');
      const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
      there.socket.close(4000, 'bye');
      expect(await closed).toBe(4000);
    }
  });

  it('that its process is killed in stands in the ledger: what was done once, what ran at its reservation', async () => {
    const own = await generateKey(platform);
    const client = await openClient(`${platform.gatewayUrl}/v1/realtime?model=team/voice`, { headers: { authorization: `Bearer ${own}` } });
    const there = await upstream.session();
    client.send({ type: 'response.create' });
    await there.next('response.create');
    there.speak(there.begin(), ['Done']);
    await client.next('response.done');
    client.send({ type: 'response.create' });
    await there.next('response.create');
    there.begin();
    await client.next('response.created');
    const pids = callWorkers();
    expect(pids).toHaveLength(2);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect((await client.closed).code).toBe(1006);
    const rows = await eventually(
      'the rows of the killed session',
      async () => {
        const found = await ledger(own);
        return found.length === 3 ? found : null;
      },
      60_000,
    );
    const unknown = rows.filter(({ metadata }) => metadata.outcome === 'unknown').map(({ spend }) => spend > 0);
    // The session itself costs nothing.
    expect(unknown.sort()).toEqual([false, true]);
    expect(rows.filter(({ spend }) => spend === COST)).toHaveLength(1);
  });
});
