// Full-text search over the lists: Japanese and Chinese, either width, either kana, escaped or not; words of input and output, of live rows only.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observationRoutes } from '#observe/observations/routes.ts';
import { migrateAnalytics } from '#observe/store/migrate.ts';
import { observation, PROJECT, trace } from '#observe/store/rows-fixture.ts';
import { openReads, projectKey, type ReadsFixture } from '#observe/traces/reads-fixture.ts';
import { traceRoutes } from '#observe/traces/routes.ts';

let reads: ReadsFixture;
const json = (value: unknown) => JSON.stringify(value);
/** As Python's json.dumps writes it. */
const escaped = (value: unknown) => json(value).replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

beforeAll(async () => {
  reads = await openReads((analytics) => [...traceRoutes(analytics), ...observationRoutes(analytics)]);
  await reads.write({
    observations: [
      observation('half', { trace_id: 't1', input: json({ q: 'ｶﾀｶﾅのﾃｽﾄ ＡＢＣ' }), output: json('Refund accepted') }),
      observation('escaped', { trace_id: 't2', input: escaped({ q: '東京の天気' }), output: escaped('晴れです') }),
      observation('chinese', { trace_id: 't3', input: json('订单已经发货'), output: json('100% sure_thing') }),
      observation('changed', { trace_id: 't4', input: json('古い言葉') }),
      observation('theirs', { project_id: 'p2', trace_id: 't9', input: json('東京') }),
    ],
    traces: [trace('t1', { name: 'カタカナ' }), trace('t2'), trace('t3'), trace('t4'), trace('t5', { input: json('大阪のトレース') })],
  });
  await reads.write({ observations: [observation('changed', { trace_id: 't4', row_version: '2', is_deleted: 1 })] });
});
afterAll(() => reads?.close());

const found = async (question: string, more = ''): Promise<unknown[]> => {
  const { body } = await reads.get(`/api/public/v2/observations?searchQuery=${encodeURIComponent(question)}${more}`);
  return body.data.map(({ id }) => id).sort();
};
const foundTraces = async (question: string, more = ''): Promise<unknown[]> =>
  (await reads.get(`/api/public/traces?searchQuery=${encodeURIComponent(question)}${more}`)).body.data.map(({ id }) => id).sort();
const filtered = async (column: string, value: string, operator = 'matches') =>
  await reads.get(`/api/public/v2/observations?filter=${encodeURIComponent(json([{ type: 'string', column, operator, value }]))}`);

describe('full-text search', () => {
  it('finds words whatever their width, case and kana', async () => {
    for (const question of ['カタカナ', 'かたかな', 'ｶﾀｶﾅ', 'abc', 'ＡＢＣ', 'Abc', 'テスト'])
      expect([question, await found(question)]).toEqual([question, ['half']]);
  });

  it('finds what a client wrote with escapes, and Chinese', async () => {
    expect(await found('東京')).toEqual(['escaped']);
    expect(await found('晴れ')).toEqual(['escaped']);
    expect(await found('发货')).toEqual(['chinese']);
    expect(await found('订')).toEqual(['chinese']);
  });

  it('asks for every word, takes signs as signs, and knows what is deleted', async () => {
    expect(await found('refund ｶﾀｶﾅ')).toEqual(['half']);
    expect(await found('refund　東京')).toEqual([]);
    expect(await found('100%')).toEqual(['chinese']);
    expect(await found('e_t')).toEqual(['chinese']);
    expect(await found('e%t')).toEqual([]);
    expect(await found('古い言葉')).toEqual([]);
    expect(await found("x' OR '1'='1")).toEqual([]);
  });

  it('looks into input or output alone by a filter', async () => {
    expect((await filtered('input', '東京')).body.data.map(({ id }) => id)).toEqual(['escaped']);
    expect((await filtered('output', '東京')).body.data).toEqual([]);
    expect((await filtered('output', 'REFUND', 'contains')).body.data.map(({ id }) => id)).toEqual(['half']);
    expect((await filtered('name', 'NAME of ha')).body.data.map(({ id }) => id)).toEqual(['half']);
    expect((await filtered('input', 'x', 'starts with')).status).toBe(400);
  });

  it('finds traces by their own content and that of their observations, by name only when asked', async () => {
    expect(await foundTraces('大阪')).toEqual(['t5']);
    expect(await foundTraces('天気')).toEqual(['t2']);
    expect(await foundTraces('t3', '&searchType=id')).toEqual(['t3']);
    expect(await foundTraces('t3')).toEqual([]);
    expect(await foundTraces('カタカナ', '&searchType=content,id')).toEqual(['t1']);
    const { body } = await reads.get(`/api/public/traces?searchQuery=${encodeURIComponent('天気')}`);
    expect(body.meta).toMatchObject({ totalItems: 1 });
    expect((await reads.get(`/api/public/v2/observations?searchQuery=${encodeURIComponent('東京')}`, projectKey('p2'))).body.data.map(({ id }) => id)).toEqual([
      'theirs',
    ]);
  });

  it('is there for a store of an earlier release too', async () => {
    const raw = (text: string) => reads.analytics.command({ text, parameters: {} });
    for (const table of ['observations', 'traces']) {
      await raw(`ALTER TABLE ${table} DROP INDEX search_text_grams`);
      await raw(`ALTER TABLE ${table} DROP COLUMN search_text`);
    }
    await migrateAnalytics(reads.analytics);
    expect(await found('かたかな')).toEqual(['half']);
    expect(PROJECT).toBe('project-1');
  });
});
