// Watching rows as they are stored: order, bounds, what is dropped and said to be, and going on after a broken connection.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folded, observation, PROJECT, trace } from '#observe/store/rows-fixture.ts';
import { createTailHub, TAIL_BOUNDS, type TailEvent, type TailHub, type TailQuestion } from './hub.ts';
import { tailFilter } from './tail-row.ts';

const question = (over: Partial<TailQuestion> = {}): TailQuestion => ({ projectId: PROJECT, holds: () => true, lastEventId: null, ...over });
const publish = (hub: TailHub, ...ids: string[]) => hub.publish(folded({ observations: ids.map((id) => observation(id)) }));
const told = (events: TailEvent[] | null) =>
  (events ?? []).map((event) => (event.kind === 'row' ? event.row.id : event.kind === 'gap' ? 'gap' : `dropped ${event.count}`));

describe('the live tail', () => {
  it('gives each watcher what it asked for of its own project, in the order in which it was stored', async () => {
    const hub = createTailHub();
    const all = hub.watch(question());
    const errors = hub.watch(question({ holds: ({ row }) => row.level === 'ERROR' }));
    const other = hub.watch(question({ projectId: 'other' }));
    publish(hub, 'a', 'b');
    hub.publish(folded({ observations: [observation('c', { level: 'ERROR' }), observation('gone', { is_deleted: 1 })] }));
    expect(told(await all.next(0))).toEqual(['a', 'b', 'c']);
    expect(told(await errors.next(0))).toEqual(['c']);
    expect(told(await other.next(0))).toEqual([]);
    expect([all.passed(), errors.passed(), other.passed()]).toEqual([3, 3, 0]);
  });

  it('wakes who waits, and lets go of who leaves and of everybody at the end', async () => {
    const hub = createTailHub();
    const [one, two] = [hub.watch(question()), hub.watch(question())];
    const waiting = one.next(60_000);
    publish(hub, 'a');
    expect(told(await waiting)).toEqual(['a']);
    const leaving = one.next(60_000);
    one.close();
    expect(await leaving).toBeNull();
    expect(hub.watchers()).toBe(1);
    const ending = (await two.next(0)) && two.next(60_000);
    hub.close();
    expect(await ending).toBeNull();
  });

  it('knows what the trace of an observation says once it has passed by', async () => {
    const hub = createTailHub();
    const taro = hub.watch(question({ holds: tailFilter([{ type: 'string', column: 'userId', operator: '=', value: 'taro' }]) }));
    hub.publish(
      folded({ observations: [observation('a', { trace_id: 't' }), observation('b', { trace_id: 'u' })], traces: [trace('t', { user_id: 'taro' })] }),
    );
    publish(hub, 'c');
    const [event] = (await taro.next(0)) ?? [];
    expect(event).toMatchObject({ kind: 'row', row: { id: 'a', userId: 'taro' } });
  });

  it('drops the oldest of a watcher that does not keep up, and says how many', async () => {
    const hub = createTailHub({ ...TAIL_BOUNDS, queue: 3 });
    const slow = hub.watch(question());
    publish(hub, 'a', 'b', 'c', 'd', 'e');
    expect(told(await slow.next(0))).toEqual(['dropped 2', 'c', 'd', 'e']);
    publish(hub, 'f');
    expect(told(await slow.next(0))).toEqual(['f']);
  });

  it('refuses one watcher too many with 429', () => {
    const hub = createTailHub({ ...TAIL_BOUNDS, watchers: 1 });
    const first = hub.watch(question());
    expect(() => hub.watch(question())).toThrow(expect.objectContaining({ status: 429 }));
    first.close();
    hub.watch(question()).close();
  });

  it('goes on behind the last id that was seen, or says that there is a gap', async () => {
    const hub = createTailHub({ ...TAIL_BOUNDS, kept: 3 }, () => 0);
    const first = hub.watch(question());
    publish(hub, 'a');
    await first.next(0);
    const seen = first.position();
    first.close();
    publish(hub, 'b', 'c');
    const back = hub.watch(question({ lastEventId: seen }));
    expect(told(await back.next(0))).toEqual(['b', 'c']);
    back.close();
    publish(hub, 'd', 'e', 'f');
    expect(told(await hub.watch(question({ lastEventId: seen })).next(0))).toEqual(['gap']);
    for (const id of ['other.1', 'nonsense', `${seen}9999`]) expect(told(await hub.watch(question({ lastEventId: id })).next(0))).toEqual(['gap']);
  });

  it('keeps nothing once nobody has watched for a while, and says so to who comes back', async () => {
    let now = 0;
    const hub = createTailHub(TAIL_BOUNDS, () => now);
    const first = hub.watch(question());
    const seen = first.position();
    first.close();
    now += TAIL_BOUNDS.lingerMs + 1;
    publish(hub, 'a');
    const back = hub.watch(question({ lastEventId: seen }));
    expect(told(await back.next(0))).toEqual(['gap']);
    publish(hub, 'b');
    expect(told(await back.next(0))).toEqual(['b']);
  });

  it('never loses a row without a word, whatever the bounds and breaks', async () => {
    const step = fc.oneof(
      fc.record({ rows: fc.integer({ min: 1, max: 6 }) }),
      fc.constant('read' as const),
      fc.constant('break' as const),
      fc.constant('wait' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), async (steps, queue, kept) => {
        let now = 0;
        const hub = createTailHub({ ...TAIL_BOUNDS, queue, kept }, () => now);
        let watcher = hub.watch(question());
        let seen = watcher.position();
        let published = 0;
        let accounted = 0;
        let gap = false;
        const read = async () => {
          for (const event of (await watcher.next(0)) ?? []) {
            if (event.kind === 'gap') gap = true;
            else accounted += event.kind === 'dropped' ? event.count : 1;
          }
          seen = watcher.position();
        };
        for (const one of steps) {
          if (one === 'read') await read();
          else if (one === 'break') {
            watcher.close();
            watcher = hub.watch(question({ lastEventId: seen }));
          } else if (one === 'wait') now += 1;
          else publish(hub, ...Array.from({ length: one.rows }, () => `o${published++}`));
        }
        await read();
        if (!gap) expect(accounted).toBe(published);
        else expect(accounted).toBeLessThanOrEqual(published);
        hub.close();
      }),
      { numRuns: 200 },
    );
  });
});
