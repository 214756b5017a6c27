// The filter in this process answers what the store answers: every kind of condition over the same rows, both ways.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observationFilterColumns, observationKeys } from '#observe/observations/sql.ts';
import type { ObservationRow } from '#observe/rows.ts';
import { folded, observation, PROJECT, type TemporaryAnalytics, temporaryAnalytics } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { TAIL_COLUMNS, tailFilter } from '#observe/tail/tail-row.ts';
import { conditionsSchema, type FilterCondition } from './filter.ts';

let store: TemporaryAnalytics;
const rows: ObservationRow[] = [
  observation('plain'),
  observation('full', {
    type: 'GENERATION',
    name: 'カタカナ Ｆｕｌｌ',
    end_time: '2026-11-20T12:00:02.123456Z',
    completion_start_time: '2026-11-20T12:00:01.000000Z',
    level: 'ERROR',
    status_message: "it's %_\\ broken",
    version: '',
    provided_model_name: 'gpt-4o',
    usage_details: { input: '100', input_cached: '20', output: '50', total: '170' },
    cost_details: { input: '0.1', output: '0.2' },
    total_cost: '0.3',
    prompt_name: 'p',
    prompt_version: 3,
    metadata: { team: 'A', n: '10', flag: 'True', empty: '', odd: '1e2' },
    parent_observation_id: 'plain',
    user_id: 'taro',
    session_id: 's',
    trace_name: 'chat',
    tags: ['a', 'b'],
  }),
  observation('zero', {
    end_time: '2026-11-20T12:00:00.123456Z',
    usage_details: { output: '5' },
    name: null,
    tags: ['b'],
    metadata: { n: 'x', flag: 'false' },
    user_id: '',
  }),
  observation('early', {
    start_time: '2026-11-19T00:00:00.000001Z',
    environment: 'prod',
    metadata: { team: 'a' },
    provided_model_name: 'GPT-4O',
    total_cost: '0',
  }),
];
const from = new Date('2026-11-18T00:00:00Z');
const to = new Date('2026-11-22T00:00:00Z');

beforeAll(async () => {
  store = await temporaryAnalytics();
  await createWriter(store.analytics).write(folded({ observations: rows }), { firstSequence: 1n, lastSequence: 1n });
});
afterAll(async () => await store?.close());

async function both(filter: FilterCondition[]): Promise<[string[], string[]]> {
  const stored = await store.analytics.query<{ id: string }>(observationKeys({ projectId: PROJECT, filter }, { from, to }, 100));
  const holds = tailFilter(filter);
  return [
    stored.map(({ id }) => id).sort(),
    rows
      .filter((row) => holds({ row, trace: undefined }))
      .map(({ id }) => id)
      .sort(),
  ];
}

const holding = (kind: string) => Object.keys(TAIL_COLUMNS).filter((name) => TAIL_COLUMNS[name]?.holds === kind);
const words = fc.constantFrom('', 'full', 'Ｆull', 'かたかな', '%_\\', 'GENERATION', 'gpt-4o', 'taro', 'a', 'b', '3', 'plain', 'chat', 'x y');
const numbers = fc.constantFrom(0, 0.3, 1, 2, 3, 5, 10, 50, 100, 120, 170, -1);
const comparison = fc.constantFrom('=', '>', '<', '>=', '<=');
const textOperator = fc.constantFrom('=', 'contains', 'does not contain', 'starts with', 'ends with', 'matches');
const key = fc.constantFrom('team', 'n', 'flag', 'empty', 'odd', 'absent');
const list = fc.array(words, { maxLength: 3 });
const condition = fc.oneof(
  fc.record({ type: fc.constant('string'), column: fc.constantFrom(...holding('text')), operator: textOperator, value: words }),
  fc.record({ type: fc.constant('stringOptions'), column: fc.constantFrom(...holding('text')), operator: fc.constantFrom('any of', 'none of'), value: list }),
  fc.record({ type: fc.constant('number'), column: fc.constantFrom(...holding('number')), operator: comparison, value: numbers }),
  fc.record({
    type: fc.constant('datetime'),
    column: fc.constantFrom('startTime', 'endTime'),
    operator: fc.constantFrom('>', '<', '>=', '<='),
    value: fc.constantFrom('2026-11-20T12:00:00.123Z', '2026-11-19T09:00:00+09:00', '2026-11-20T12:00:02.124Z'),
  }),
  fc.record({
    type: fc.constant('arrayOptions'),
    column: fc.constantFrom('tags', 'traceTags'),
    operator: fc.constantFrom('any of', 'none of', 'all of'),
    value: list,
  }),
  fc.record({ type: fc.constant('boolean'), column: fc.constant('isRootObservation'), operator: fc.constantFrom('=', '<>'), value: fc.boolean() }),
  fc.record({
    type: fc.constant('null'),
    column: fc.constantFrom(...holding('text'), ...holding('number'), 'endTime'),
    operator: fc.constantFrom('is null', 'is not null'),
  }),
  fc.record({ type: fc.constant('stringObject'), column: fc.constant('metadata'), key, operator: textOperator, value: words }),
  fc.record({ type: fc.constant('numberObject'), column: fc.constant('metadata'), key, operator: comparison, value: numbers }),
  fc.record({ type: fc.constant('categoryOptions'), column: fc.constant('metadata'), key, operator: fc.constantFrom('any of', 'none of'), value: list }),
  fc.record({ type: fc.constant('booleanObject'), column: fc.constant('metadata'), key, operator: fc.constantFrom('=', '<>'), value: fc.boolean() }),
);

describe('the filter in memory', () => {
  it('knows the columns that the lists of observations know', () => {
    expect(Object.keys(TAIL_COLUMNS).sort()).toEqual([...observationFilterColumns].sort());
  });

  it('answers as the store does, condition by condition', async () => {
    await fc.assert(
      fc.asyncProperty(condition, async (made) => {
        const filter = conditionsSchema.parse([made]);
        const [stored, here] = await both(filter);
        expect(here, JSON.stringify(made)).toEqual(stored);
      }),
      { numRuns: 250 },
    );
  });

  it('refuses with 400 what the store refuses', () => {
    for (const made of [
      { type: 'string', column: 'nothing', operator: '=', value: 'x' },
      { type: 'number', column: 'name', operator: '=', value: 1 },
      { type: 'stringObject', column: 'name', key: 'k', operator: '=', value: 'x' },
      { type: 'null', column: 'tags', operator: 'is null' },
      { type: 'number', column: 'input', operator: '=', value: 1 },
    ]) {
      const filter = conditionsSchema.parse([made]);
      expect(() => tailFilter(filter), JSON.stringify(made)).toThrow(expect.objectContaining({ status: 400 }));
    }
  });

  it('looks into contents with width, case and kana alike', () => {
    const row = observation('c', { input: '{"q":"\\u65e5\\u672c ＡＢＣ"}', output: '"カナ"' });
    const holds = (column: string, value: string) => tailFilter([{ type: 'string', column, operator: 'matches', value }])({ row, trace: undefined });
    expect([holds('input', '日本 abc'), holds('output', 'かな'), holds('content', 'かな 日本'), holds('input', 'かな'), holds('content', 'absent')]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
