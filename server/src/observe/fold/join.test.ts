import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EntityState, join, stateOf } from './join.ts';
import { renderMetadata } from './metadata-paths.ts';
import { observationRow, observationState } from './observation-row.ts';
import { stampOf } from './stamps.ts';
import { traceRow, traceState } from './trace-row.ts';

const SEPARATOR = '\u0001';
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
const content = fc.constantFrom('""', '0', 'false', '"a"', '{"x":1}', '[]', '"b"');
const path = fc.constantFrom('a', `a${SEPARATOR}b`, `a${SEPARATOR}b${SEPARATOR}c`, 'd', `d${SEPARATOR}e`);
const context = { retentionClass: () => 0, price: null };

function clean(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const observationFields = fc
  .record({
    name: optional(fc.constantFrom('n1', 'n2')),
    trace_id: optional(fc.constantFrom('t1', 't2')),
    type: optional(fc.constantFrom('SPAN', 'GENERATION')),
    start_time: optional(fc.integer({ min: 1_000_000, max: 9_000_000 })),
    end_time: optional(fc.integer({ min: 1_000_000, max: 9_000_000 })),
    environment: optional(fc.constantFrom('prod', 'dev')),
    input: optional(content),
    output: optional(content),
    usage: optional(fc.constantFrom({ input: '1', total: '1' }, { input: '2', output: '1', total: '3' })),
  })
  .map(clean);
const traceFields = fc
  .record({
    timestamp: optional(fc.integer({ min: 1_000_000, max: 9_000_000 })),
    hint_timestamp: optional(fc.integer({ min: 1_000_000, max: 9_000_000 })),
    name: optional(fc.constantFrom('n1', 'n2')),
    root_name: optional(fc.constantFrom('r1', 'r2')),
    hint_name: optional(fc.constantFrom('h1', 'h2')),
    input: optional(content),
    root_input: optional(content),
    public: optional(fc.constantFrom(0, 1)),
  })
  .map(clean);

function states(kind: 'observation' | 'trace'): fc.Arbitrary<EntityState> {
  return fc
    .record({
      time: fc.integer({ min: 1_000_000, max: 1_000_004 }),
      rank: fc.constantFrom<0 | 1>(0, 1),
      eventId: fc.constantFrom('e1', 'e2', 'e3'),
      fields: kind === 'observation' ? observationFields : traceFields,
      metadata: fc.dictionary(path, fc.constantFrom('1', '"x"', 'null', 'true'), { maxKeys: 3 }),
      tags: fc.subarray(['x', 'y', 'z']),
      receivedAtUs: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ time, rank, eventId, fields, metadata, tags, receivedAtUs }) =>
      stateOf({
        kind,
        id: 'o',
        projectId: 'p',
        sequence: 1n,
        receivedAtUs,
        stamp: stampOf(time, rank, eventId),
        whole: false,
        fields,
        metadata,
        tags,
      } as Parameters<typeof stateOf>[0]),
    );
}

/** What matters: the row without its version and receipt, which belong to the writing. */
function shown(state: EntityState): object {
  const row = state.kind === 'trace' ? traceRow(state, context) : observationRow(state, false, context);
  const { row_version: _, received_at: __, updated_at: ___, stamps: ____, ...facts } = row;
  return facts;
}

describe.each(['observation', 'trace'] as const)('the join of %s states', (kind) => {
  it('is commutative', () => {
    fc.assert(fc.property(states(kind), states(kind), (a, b) => void expect(shown(join(a, b))).toEqual(shown(join(b, a)))));
  });
  it('is associative', () => {
    fc.assert(fc.property(states(kind), states(kind), states(kind), (a, b, c) => void expect(shown(join(join(a, b), c))).toEqual(shown(join(a, join(b, c))))));
  });
  it('is idempotent', () => {
    fc.assert(fc.property(states(kind), states(kind), (a, b) => void expect(join(join(a, b), b)).toEqual(join(a, b))));
  });
  it('goes on from a stored row as if it had never been stored', () => {
    fc.assert(
      fc.property(fc.array(states(kind), { minLength: 1, maxLength: 6 }), fc.array(states(kind), { maxLength: 4 }), (before, after) => {
        const joined = before.reduce(join);
        const reread = kind === 'trace' ? traceState(traceRow(joined, context)) : observationState(observationRow(joined, false, context));
        expect(shown(reread)).toEqual(shown(joined));
        expect(shown(after.reduce(join, reread))).toEqual(shown(after.reduce(join, joined)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('metadata', () => {
  const stamped = (value: string, time: number) => ({ value, stamp: stampOf(time, 0, 'e') });
  it('is merged deeply', () => {
    expect(renderMetadata({ [`a${SEPARATOR}b`]: stamped('1', 1), [`a${SEPARATOR}c`]: stamped('"x"', 2), top: stamped('text', 1) })).toEqual({
      a: '{"b":1,"c":"x"}',
      top: 'text',
    });
  });
  it('shows the newer of a value and an object in its place', () => {
    expect(renderMetadata({ a: stamped('text', 2), [`a${SEPARATOR}c`]: stamped('1', 1) })).toEqual({ a: 'text' });
    expect(renderMetadata({ a: stamped('text', 1), [`a${SEPARATOR}c`]: stamped('1', 2) })).toEqual({ a: '{"c":1}' });
  });
});
