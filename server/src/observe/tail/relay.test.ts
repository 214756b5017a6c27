// The live tail between processes: what whoever stores tells its watchers arrives at readers elsewhere; a hole, another sender and a broken way are said to be a gap, and bounds hold.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '#http/app.ts';
import { readerOf } from '#observe/evaluation/targets.ts';
import { folded, observation } from '#observe/store/rows-fixture.ts';
import { LocalWhispers } from '#stores/coordination/local-whispers.ts';
import type { Whispers } from '#stores/coordination/port.ts';
import { createLeasedTailHub, type LeasedTailHub } from './leased-hub.ts';
import { framesTopic, WATCH_TOPIC } from './relay-messages.ts';
import { createTailReader, type TailReader } from './relay-reader.ts';
import { startTailSender } from './relay-sender.ts';
import { TAIL_PATH, tailRoutes } from './routes.ts';

const PROJECT = observation('any').project_id;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A process that stores: its engine's route over its hub, and the sender before it. */
async function storing(whispers: Whispers, { isDeaf = false, ...options }: { silentMs?: number; isDeaf?: boolean } = {}): Promise<LeasedTailHub> {
  const hub = createLeasedTailHub();
  const who = async () => readerOf({ id: PROJECT, organizationId: 'o' });
  const app = createApp({
    door: 'observe',
    routes: tailRoutes(hub),
    authenticate: { admin: who, observe: who, console: who },
    fallback: (http) => http.notFound(),
    onRequest: () => undefined,
  });
  const sender = await startTailSender({
    whispers,
    ...options,
    open: async (watch, signal) =>
      await app.request(`${TAIL_PATH}?${new URLSearchParams({ filter: watch.filter })}`, {
        ...(isDeaf ? {} : { signal }),
        headers: watch.after === null ? {} : { 'last-event-id': watch.after },
      }),
  });
  closing.push(() => {
    sender.close();
    hub.close();
  });
  return hub;
}

function reading(whispers: Whispers, bounds: Parameters<typeof createTailReader>[0]['bounds'] = {}): TailReader {
  const reader = createTailReader({ whispers, bounds });
  closing.push(() => reader.close());
  return reader;
}

const question = (over: object = {}) => ({
  projectId: PROJECT,
  organizationId: 'o',
  filter: '',
  lastEventId: null,
  signal: new AbortController().signal,
  ...over,
});
const publish = (hub: LeasedTailHub, ...ids: string[]) => hub.publish(folded({ observations: ids.map((id) => observation(id)) }));

/** Reads until the text holds what is wanted. */
function collect(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  let text = '';
  return {
    async until(wanted: string | RegExp): Promise<string> {
      while (!(typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text))) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended: ${text}`);
        text += new TextDecoder().decode(value);
      }
      return text;
    },
    text: () => text,
    ended: async () => {
      while (!(await reader.read()).done);
    },
    leave: () => reader.cancel(),
  };
}

describe('the live tail in roles apart', () => {
  it('brings what is stored elsewhere, by the filter, and lets go when the reader leaves', async () => {
    const whispers = new LocalWhispers();
    const hub = await storing(whispers);
    hub.begin();
    const filter = JSON.stringify([{ type: 'string', column: 'level', operator: '=', value: 'ERROR' }]);
    const all = collect(await reading(whispers).read(question()));
    const errors = collect(await reading(whispers).read(question({ filter })));
    await Promise.all([all.until('event: status'), errors.until('event: status')]);
    hub.publish(folded({ observations: [observation('fine'), observation('broken', { level: 'ERROR' })] }));
    await all.until('"id":"fine"');
    await errors.until('"id":"broken"');
    expect(errors.text()).not.toContain('"id":"fine"');
    expect(all.text()).not.toContain('event: gap');
    await Promise.all([all.leave(), errors.leave()]);
    while (hub.watchers() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('says that nobody stores, refuses one reader too many, and passes on what the engine refuses', async () => {
    const whispers = new LocalWhispers();
    await storing(whispers);
    await expect(reading(whispers, { firstMs: 50 }).read(question())).rejects.toMatchObject({ status: 503, code: 'LiveTailAway' });
    await expect(reading(whispers, { readers: 0 }).read(question())).rejects.toMatchObject({ status: 429 });
    const other = new LocalWhispers();
    (await storing(other)).begin();
    await expect(reading(other).read(question({ filter: 'nonsense' }))).rejects.toMatchObject({ status: 400 });
  });

  it('goes on with another process that stores, and says that there is a gap', async () => {
    const whispers = new LocalWhispers();
    const [one, two] = [await storing(whispers), await storing(whispers)];
    one.begin();
    const tail = collect(await reading(whispers, { askMs: 20 }).read(question()));
    publish(one, 'before');
    await tail.until('"id":"before"');
    one.end();
    two.begin();
    while (two.watchers() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    publish(two, 'after');
    const text = await tail.until('"id":"after"');
    expect(text.indexOf('event: gap')).toBeGreaterThan(text.indexOf('"id":"before"'));
    expect(text.indexOf('event: gap')).toBeLessThan(text.indexOf('"id":"after"'));
    await tail.leave();
  });

  // A request whose signal was collected heard of no end: its watcher stayed for ever.
  it('lets go when the reader leaves, also where the request hears nothing of it', async () => {
    const whispers = new LocalWhispers();
    const hub = await storing(whispers, { isDeaf: true });
    hub.begin();
    const tail = collect(await reading(whispers).read(question()));
    await tail.until('event: status');
    await tail.leave();
    while (hub.watchers() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('forgets a reader that is heard no more', async () => {
    const whispers = new LocalWhispers();
    const hub = await storing(whispers, { silentMs: 50 });
    hub.begin();
    await whispers.whisper(
      WATCH_TOPIC,
      JSON.stringify({ kind: 'watch', id: 'ab'.repeat(12), projectId: PROJECT, organizationId: 'o', filter: '', after: null }),
    );
    while (hub.watchers() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    while (hub.watchers() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('ends the answer when nothing is heard any more: the reader comes back by itself', async () => {
    const whispers = new LocalWhispers();
    const stop = await whispers.attend(WATCH_TOPIC, (text) => {
      const { id, kind } = JSON.parse(text) as { id: string; kind: string };
      if (kind === 'watch')
        void whispers.whisper(framesTopic(id), JSON.stringify({ kind: 'frames', from: 'x', number: 0, text: 'event: status\ndata: {}\n\n' }));
    });
    closing.push(stop);
    const tail = collect(await reading(whispers, { askMs: 1e9, silentMs: 50 }).read(question()));
    await tail.until('event: status');
    await tail.ended();
  });

  it('never loses a row without a word, whatever is lost on the way and however little waits for a slow reader', async () => {
    const step = fc.oneof(
      fc.record({ rows: fc.integer({ min: 1, max: 4 }), lost: fc.boolean() }),
      fc.constant('read' as const),
      fc.constant('broken way' as const),
      fc.constant('another sender' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 400 }), async (steps, waiting) => {
        let breakWay: () => void = () => {};
        let topic = '';
        const local = new LocalWhispers();
        const whispers: Whispers = {
          whisper: async (name, message) => {
            if (name === WATCH_TOPIC) topic = framesTopic((JSON.parse(message) as { id: string }).id);
            await local.whisper(name, message);
          },
          attend: async (name, onMessage, onGap = () => {}) => {
            breakWay = onGap;
            return await local.attend(name, onMessage, onGap);
          },
        };
        const reader = createTailReader({ whispers, bounds: { waiting, askMs: 1e9, silentMs: 0 } });
        const opened = reader.read(question());
        while (topic === '') await Promise.resolve();
        let [number, from, sent] = [0, 0, 0];
        const send = async (rows: number, lost: boolean): Promise<void> => {
          const text = Array.from({ length: rows }, () => `id: e.${sent++}\nevent: observation\ndata: {}\n\n`).join('');
          const message = JSON.stringify({ kind: 'frames', from: `s${from}`, number: number++, text });
          if (!lost) await local.whisper(topic, message);
        };
        await local.whisper(topic, JSON.stringify({ kind: 'frames', from: 's0', number: number++, text: 'event: status\ndata: {}\n\n' }));
        const stream = (await opened).getReader();
        let [text, ended, lostLast] = ['', false, false];
        const read = async (): Promise<void> => {
          const { value, done } = await stream.read();
          if (done) ended = true;
          else text += new TextDecoder().decode(value);
        };
        await read();
        for (const one of steps) {
          if (ended) break;
          if (one === 'read') await read();
          else if (one === 'broken way') breakWay();
          else if (one === 'another sender') [number, from] = [0, from + 1];
          else {
            await send(one.rows, one.lost);
            lostLast = one.lost;
          }
        }
        // What is lost last is found out by the next message.
        if (lostLast) await send(1, false);
        if (!ended) await read();
        reader.close();
        const seen = text.match(/^event: observation$/gm)?.length ?? 0;
        const dropped = [...text.matchAll(/^event: dropped\ndata: \{"count":(\d+)\}$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
        if (!ended && !text.includes('event: gap')) expect(seen + dropped).toBe(sent);
        else expect(seen + dropped).toBeLessThanOrEqual(sent);
      }),
      { numRuns: 200 },
    );
  });
});
