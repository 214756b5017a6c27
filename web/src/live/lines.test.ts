// What the live tail shows: newest first, told again in place, bounded, with gaps and a rate.
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '#api/event-stream.ts';
import { EMPTY_TAIL, holdBack, MOST_LINES, type Tail, tailAfter } from './lines.ts';

const row = (id: string, over: object = {}): StreamEvent => ({
  id: `e.${id}`,
  event: 'observation',
  data: JSON.stringify({ traceId: 't', id, name: id, ...over }),
});
const status = (passed: number, at: number): StreamEvent => ({ id: 'e.9', event: 'status', data: JSON.stringify({ passed, at }) });
const shown = (tail: Tail) => tail.lines.map((line) => (line.kind === 'gap' ? 'gap' : line.row.name));

describe('the live tail of the page', () => {
  it('puts what came last on top and changes what is told again where it stands', () => {
    const first = tailAfter(EMPTY_TAIL, [row('a'), row('b')], 0);
    const then = tailAfter(first, [row('c'), row('a', { name: 'a, ended' })], 0);
    expect(shown(then)).toEqual(['c', 'b', 'a, ended']);
    expect(then.lastEventId).toBe('e.a');
  });

  it('keeps a bounded number of lines and counts what left and what was dropped', () => {
    const many = Array.from({ length: MOST_LINES + 5 }, (_, index) => row(String(index)));
    const tail = tailAfter(EMPTY_TAIL, [...many, { id: null, event: 'dropped', data: '{"count":7}' }], 0);
    expect([tail.lines.length, tail.left, tail.dropped, shown(tail)[0]]).toEqual([MOST_LINES, 5, 7, String(MOST_LINES + 4)]);
  });

  it('shows a gap where it was, and nothing for what it does not understand', () => {
    const gap: StreamEvent = { id: null, event: 'gap', data: '{}' };
    const tail = tailAfter(tailAfter(EMPTY_TAIL, [row('a')], 0), [gap, row('b'), { id: null, event: 'observation', data: '{' }], 5);
    expect(shown(tail)).toEqual(['b', 'gap', 'a']);
  });

  it('tells the rate between statuses, anew with each connection', () => {
    const one = tailAfter(EMPTY_TAIL, [status(0, 1_000)], 0);
    const two = tailAfter(one, [status(10, 1_200), status(30, 3_000)], 0);
    expect([one.rate, two.rate]).toEqual([null, 15]);
    expect(tailAfter(two, [status(1, 4_000)], 0)).toMatchObject({ rate: 15, status: { passed: 1 } });
  });

  it('loses no row without a word while it is paused', () => {
    const waiting: StreamEvent[] = [];
    for (let index = 0; index < 100; index += 1) holdBack(waiting, index % 10 === 0 ? status(index, index) : row(String(index)), 8);
    const tail = tailAfter(EMPTY_TAIL, waiting, 0);
    expect(waiting.length).toBeLessThanOrEqual(9);
    expect(tail.dropped + tail.lines.length).toBe(90);
    expect(shown(tail)[0]).toBe('99');
  });
});
