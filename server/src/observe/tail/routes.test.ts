// The live tail over HTTP: server-sent events by the filter of the lists, and what is said where nothing can be watched.
import { describe, expect, it } from 'vitest';
import { createApp } from '#http/app.ts';
import { folded, observation, PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { createTailHub, TAIL_BOUNDS, type TailHub } from './hub.ts';
import { TAIL_PATH, tailRoutes } from './routes.ts';

function appOver(hub: TailHub | null) {
  const who = async () => projectKey(PROJECT);
  return createApp({
    door: 'observe',
    routes: tailRoutes(hub),
    authenticate: { admin: who, observe: who, console: who },
    fallback: (http) => http.notFound(),
    onRequest: () => undefined,
  });
}

/** Reads frames until one of the wanted kind came. */
async function until(reader: ReadableStreamDefaultReader<Uint8Array>, event: string): Promise<string> {
  let text = '';
  while (!text.includes(`event: ${event}\n`)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the stream ended: ${text}`);
    text += new TextDecoder().decode(value);
  }
  return text;
}

describe('GET /api/public/unstable/live-tail', () => {
  it('says at once that it is connected, then sends what the filter asks for with ids, and lets go when the reader leaves', async () => {
    const hub = createTailHub();
    const filter = JSON.stringify([{ type: 'string', column: 'level', operator: '=', value: 'ERROR' }]);
    const answer = await appOver(hub).request(`${TAIL_PATH}?filter=${encodeURIComponent(filter)}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(await until(reader, 'status')).toMatch(/^id: \w+\.0\nevent: status\ndata: \{"passed":0,/);
    hub.publish(folded({ observations: [observation('fine'), observation('broken', { level: 'ERROR', input: `"${'x'.repeat(1_000)}"` })] }));
    const text = await until(reader, 'observation');
    expect(text).toMatch(/^id: \w+\.2\nevent: observation\n/);
    expect(JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '')).toMatchObject({ id: 'broken', level: 'ERROR', input: expect.stringMatching(/^"x{299}$/) });
    expect(text).toContain('"passed":2');
    await reader.cancel();
    expect(hub.watchers()).toBe(0);
  });

  it('says that there is a gap to who comes back with an id of another process', async () => {
    const answer = await appOver(createTailHub()).request(TAIL_PATH, { headers: { 'last-event-id': 'before.12' } });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(await until(reader, 'status')).toContain('event: gap\n');
    await reader.cancel();
  });

  it('refuses a filter that it does not understand, one watcher too many, and to watch where nothing is stored', async () => {
    const hub = createTailHub({ ...TAIL_BOUNDS, watchers: 0 });
    expect((await appOver(hub).request(`${TAIL_PATH}?filter=nonsense`)).status).toBe(400);
    const full = await appOver(hub).request(TAIL_PATH);
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '10']);
    expect((await appOver(null).request(TAIL_PATH)).status).toBe(422);
  });

  it('leaves nobody watching for a HEAD', async () => {
    const hub = createTailHub();
    expect((await appOver(hub).request(TAIL_PATH, { method: 'HEAD' })).status).toBe(200);
    expect(hub.watchers()).toBe(0);
  });
});
