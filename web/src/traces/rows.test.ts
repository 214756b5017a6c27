// The row model of the trace page: every observation once, in time order, with sums that count each call once.
import type { ConsoleObservation, ConsoleTrace } from '@genai/server/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrowKey, buildTraceTree, revealRow, totalTokens, visibleRows } from './rows.ts';

const START = Date.UTC(2026, 10, 23, 12);

function observation(
  id: string,
  parentId: string | null,
  [startMs, durationMs]: [number, number | null],
  extra: Partial<ConsoleObservation> = {},
): ConsoleObservation {
  return {
    id,
    parentId,
    type: 'SPAN',
    name: id,
    level: 'DEFAULT',
    statusMessage: null,
    startTime: new Date(START + startMs).toISOString(),
    endTime: durationMs === null ? null : new Date(START + startMs + durationMs).toISOString(),
    latencyMs: durationMs,
    firstTokenMs: null,
    model: null,
    modelParameters: null,
    usage: {},
    totalCost: null,
    costCountedElsewhere: false,
    input: null,
    output: null,
    metadata: {},
    keyAlias: null,
    promptName: null,
    promptVersion: null,
    ...extra,
  };
}

function trace(observations: ConsoleObservation[]): ConsoleTrace {
  return {
    trace: {
      id: 'trace',
      timestamp: new Date(START).toISOString(),
      name: 'test',
      userId: null,
      sessionId: null,
      environment: 'default',
      tags: [],
      inputPreview: null,
      outputPreview: null,
      observations: observations.length,
      errors: 0,
      latencyMs: null,
      totalTokens: 30,
      totalCost: '0.5',
      input: null,
      output: null,
      metadata: {},
      release: null,
      version: null,
      public: false,
    },
    observations,
    scores: [],
  };
}

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

describe('buildTraceTree', () => {
  it('puts children under their parents in order of start', () => {
    const tree = buildTraceTree(
      trace([observation('b', 'a', [50, 10]), observation('a', null, [0, 100]), observation('c', 'a', [10, 10]), observation('d', 'c', [12, 2])]),
    );
    expect(ids(tree.rows)).toEqual(['trace', 'a', 'c', 'd', 'b']);
    expect(tree.rows.map((row) => row.depth)).toEqual([0, 1, 2, 3, 2]);
    expect(tree.rows[1]).toMatchObject({ children: 2, descendants: 3 });
    expect(tree.rows[0]).toMatchObject({ children: 1, descendants: 4 });
  });

  it('hangs an observation without its parent, its own parent, and a ring of parents under the trace', () => {
    const tree = buildTraceTree(
      trace([observation('orphan', 'gone', [0, 1]), observation('self', 'self', [1, 1]), observation('x', 'y', [2, 1]), observation('y', 'x', [3, 1])]),
    );
    expect([...ids(tree.rows)].sort()).toEqual(['orphan', 'self', 'trace', 'x', 'y']);
  });

  it('places bars in percent of the whole and keeps a running observation without an end', () => {
    const tree = buildTraceTree(trace([observation('a', null, [0, 200]), observation('b', 'a', [50, 100]), observation('c', 'a', [150, null])]));
    expect(tree.durationMs).toBe(200);
    expect(tree.rows.find((row) => row.id === 'b')).toMatchObject({ leftPercent: 25, widthPercent: 50 });
    expect(tree.rows.find((row) => row.id === 'c')).toMatchObject({ leftPercent: 75, widthPercent: 0, durationMs: null });
  });

  it('keeps the microseconds of short calls', () => {
    const tree = buildTraceTree(trace([observation('a', null, [0, 0], { startTime: '2026-11-23T12:00:00.000100Z', endTime: '2026-11-23T12:00:00.000500Z' })]));
    expect(tree.durationMs).toBeCloseTo(0.4, 3);
  });

  it('adds cost and tokens upwards without floats and leaves out a call that is counted elsewhere', () => {
    const tree = buildTraceTree(
      trace([
        observation('a', null, [0, 10]),
        observation('g', 'a', [1, 1], { totalCost: '0.1', usage: { input: 10, output: 5, total: 15 } }),
        observation('h', 'a', [2, 1], { totalCost: '0.2', usage: { input: 10, output: 5 } }),
        observation('copy', 'h', [2, 1], { totalCost: '0.2', usage: { total: 15 }, costCountedElsewhere: true }),
      ]),
    );
    expect(tree.rows.find((row) => row.id === 'a')).toMatchObject({ cost: '0.3', tokens: 30 });
    expect(tree.rows.find((row) => row.id === 'copy')).toMatchObject({ cost: null, tokens: 0 });
    expect(tree.rows[0]).toMatchObject({ cost: '0.5', tokens: 30 });
  });

  it('leaves a cost unknown when nothing below has a price', () => {
    const tree = buildTraceTree(trace([observation('a', null, [0, 10]), observation('b', 'a', [0, 5], { usage: { total: 3 } })]));
    expect(tree.rows[1]?.cost).toBeNull();
  });

  it('counts errors upwards', () => {
    const tree = buildTraceTree(trace([observation('a', null, [0, 10]), observation('b', 'a', [0, 5], { level: 'ERROR' })]));
    expect(tree.rows.map((row) => row.errors)).toEqual([1, 1, 1]);
  });

  it('draws a chain of 50,000 observations without overflowing the stack', () => {
    const chain = Array.from({ length: 50_000 }, (_, index) => observation(`o${index}`, index === 0 ? null : `o${index - 1}`, [index, 1]));
    const tree = buildTraceTree(trace(chain));
    expect(tree.rows).toHaveLength(50_001);
    expect(tree.rows.at(-1)?.depth).toBe(50_000);
  });

  it('shows a trace without observations as one row', () => {
    expect(buildTraceTree(trace([])).rows).toHaveLength(1);
  });

  it('shows every observation exactly once, whatever the parents are', () => {
    const node = fc.record({
      parent: fc.option(fc.nat(12), { nil: null }),
      start: fc.integer({ min: -1000, max: 1000 }),
      duration: fc.option(fc.nat(500), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(node, { maxLength: 12 }), (nodes) => {
        const observations = nodes.map((one, index) => observation(`o${index}`, one.parent === null ? null : `o${one.parent}`, [one.start, one.duration]));
        const { rows } = buildTraceTree(trace(observations));
        expect([...ids(rows)].sort()).toEqual(['trace', ...observations.map((one) => one.id)].sort());
        for (const row of rows) expect(row.leftPercent).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('visibleRows', () => {
  const { rows } = buildTraceTree(
    trace([
      observation('a', null, [0, 100]),
      observation('b', 'a', [1, 1]),
      observation('c', 'b', [1, 1]),
      observation('d', 'a', [5, 1]),
      observation('e', null, [50, 1]),
    ]),
  );

  it('leaves out what lies below a closed row and nothing else', () => {
    expect(ids(visibleRows(rows, new Set(['b'])))).toEqual(['trace', 'a', 'b', 'd', 'e']);
    expect(ids(visibleRows(rows, new Set(['a'])))).toEqual(['trace', 'a', 'e']);
    expect(ids(visibleRows(rows, new Set(['trace'])))).toEqual(['trace']);
  });

  it('ignores a closed row without children', () => {
    expect(visibleRows(rows, new Set(['e']))).toHaveLength(rows.length);
  });

  it('opens the ancestors of a linked observation', () => {
    expect([...revealRow(rows, new Set(['a', 'b', 'trace', 'd']), 'c')]).toEqual(['d']);
  });

  it('moves, opens and closes with the arrow keys', () => {
    const closed = new Set(['b']);
    const visible = visibleRows(rows, closed);
    expect(arrowKey('ArrowDown', visible, 'b', closed)).toEqual({ select: 'd' });
    expect(arrowKey('ArrowRight', visible, 'b', closed)).toEqual({ toggle: 'b' });
    expect(arrowKey('ArrowLeft', visible, 'a', closed)).toEqual({ toggle: 'a' });
    expect(arrowKey('ArrowLeft', visible, 'd', closed)).toEqual({ select: 'a' });
    expect(arrowKey('ArrowUp', visible, 'trace', closed)).toBeNull();
    expect(arrowKey('End', visible, 'a', closed)).toEqual({ select: 'e' });
  });
});

describe('totalTokens', () => {
  it('takes the total, else input and output, else the sum', () => {
    expect(totalTokens({ input: 1, output: 2, total: 9 })).toBe(9);
    expect(totalTokens({ input: 1, output: 2, cached: 5 })).toBe(3);
    expect(totalTokens({ images: 2, seconds: 3 })).toBe(5);
    expect(totalTokens({})).toBe(0);
  });
});
