import { describe, expect, it } from 'vitest';
import type { FoldedRows } from '#observe/rows.ts';
import { JournalKind, type JournalRecord } from '#stores/journal/port.ts';
import { createFolder } from './folder.ts';
import { measureFold } from './measure-fixture.ts';
import type { PriceUsage } from './port.ts';
import { at, batchRecord, callRecord, event, NOW_US, nanos, otlpRecord, PROJECT, settledCall, spansRequest } from './records-fixture.ts';
import { StoredRows } from './stored-rows-fixture.ts';

const TRACE_ID = 'ab'.repeat(16);
const CALL_ID = '019ab0d2c4007abc8def0123456789ab';

function setUp(options: { price?: PriceUsage; cacheBytes?: number } = {}) {
  const store = new StoredRows();
  const { price = null, ...rest } = options;
  const folder = createFolder({ lookup: store, price, retentionClass: (_, environment) => (environment === 'dev' ? 3 : 0), now: () => NOW_US / 1000, ...rest });
  let sequence = 0;
  const fold = async (...records: JournalRecord[]): Promise<FoldedRows> => {
    const rows = await folder.fold(records.map((record) => ({ ...record, sequence: BigInt(++sequence) })));
    store.write(rows);
    folder.committed();
    return rows;
  };
  const foldBatch = (...batch: unknown[]) => fold(batchRecord(0, batch));
  return { store, folder, fold, foldBatch };
}

describe('partial events', () => {
  it('may come before the event that creates the observation', async () => {
    const { store, foldBatch } = setUp();
    await foldBatch(event('e2', 'generation-update', 5, { id: 'g', output: 'late', usage: { input: 1, output: 2 } }));
    await foldBatch(event('e1', 'generation-create', 0, { id: 'g', traceId: 't', name: 'answer', startTime: at(-60_000), input: 'in' }));
    expect(store.observationRows).toMatchObject([
      { id: 'g', trace_id: 't', name: 'answer', input: '"in"', output: '"late"', usage_details: { input: '1', output: '2', total: '3' } },
    ]);
    // The wrapper trace that the lone update got is gone with it.
    expect(store.traceRows.map(({ id }) => id)).toEqual(['t']);
  });

  it('follow the merge rules of the contract', async () => {
    const { store, foldBatch } = setUp();
    await foldBatch(
      event('e1', 'span-create', 0, {
        id: 'o',
        traceId: 't',
        name: 'first',
        environment: 'dev',
        startTime: at(0),
        endTime: at(-5),
        metadata: { a: { x: 1 } },
        level: 'ERROR',
      }),
      event('e2', 'generation-update', 1, {
        id: 'o',
        traceId: 'other',
        name: 'second',
        environment: 'prod',
        startTime: at(9),
        metadata: { a: { y: 2 } },
        statusMessage: null,
        level: null,
        input: {},
      }),
      event('e3', 'span-update', 2, { id: 'o', input: null, output: false }),
    );
    expect(store.observationRows).toMatchObject([
      {
        type: 'SPAN',
        trace_id: 't',
        name: 'second',
        environment: 'dev',
        level: 'ERROR',
        metadata: { a: '{"x":1,"y":2}' },
        input: '{}',
        output: 'false',
        retention_class: 3,
      },
    ]);
    expect(store.observationRows[0]?.end_time).toBe(store.observationRows[0]?.start_time);
  });

  it('clear a score comment with an explicit null only', async () => {
    const { store, foldBatch } = setUp();
    const score = { id: 's', traceId: 't', name: 'q', value: 1 };
    await foldBatch(event('e1', 'score-create', 0, { ...score, comment: 'why' }), event('e2', 'score-create', 1, score));
    expect(store.scoreRows).toMatchObject([{ comment: 'why' }]);
    await foldBatch(event('e3', 'score-create', 2, { ...score, comment: null, value: 'bad' }));
    expect(store.scoreRows).toMatchObject([{ comment: null, data_type: 'CATEGORICAL', value: null, string_value: 'bad' }]);
  });

  it('keep input and output digit for digit as received', async () => {
    const { store, fold } = setUp();
    const body = `{"metadata":{"batch":[]},"batch":[{"id":"e","type":"span-create","timestamp":"${at(0)}","body":{"id":"o","traceId":"t","inp\\u0075t": {"n": 12345678901234567890, "f": 1.0} ,"output":[ 1e2 ]}}]}`;
    const [header] = batchRecord(0, []).parts;
    await fold({ sequence: 0n, kind: JournalKind.ingestionBatch, project: PROJECT, parts: [header as Buffer, Buffer.from(body)] });
    expect(store.observationRows).toMatchObject([{ input: '{"n": 12345678901234567890, "f": 1.0}', output: '[ 1e2 ]' }]);
  });

  it('move a row to its new key and leave a tombstone at the old one', async () => {
    const { store, foldBatch } = setUp();
    await foldBatch(event('e2', 'span-update', 10, { id: 'o', traceId: 't', startTime: at(0) }));
    const rows = await foldBatch(event('e1', 'span-create', 0, { id: 'o', traceId: 't', startTime: at(-600_000), environment: 'dev' }));
    expect(rows.observations.map(({ is_deleted, start_time, retention_class }) => [is_deleted, start_time, retention_class])).toEqual([
      [1, '2026-11-23T12:00:00.000000Z', 0],
      [0, '2026-11-23T11:50:00.000000Z', 3],
    ]);
    expect(store.observationRows).toHaveLength(1);
  });

  it('are read from the store once when the cache has let go of them', async () => {
    const { store, foldBatch } = setUp({ cacheBytes: 1 });
    await foldBatch(event('e1', 'trace-create', 0, { id: 't', name: 'a', metadata: { x: { y: 1 } }, tags: ['one'] }));
    store.lookups = 0;
    await foldBatch(event('e2', 'trace-create', 1, { id: 't', userId: 'u', metadata: { x: { z: 2 } }, tags: ['two'] }));
    expect(store.lookups).toBe(1);
    expect(store.traceRows).toMatchObject([{ name: 'a', user_id: 'u', metadata: { x: '{"y":1,"z":2}' }, tags: ['one', 'two'] }]);
  });
});

describe("LiteLLM's langfuse callback", () => {
  const batch = (answerId: string) => [
    event('e1', 'trace-create', 1000, {
      id: 'litellm-trace',
      name: 'litellm-acompletion',
      userId: 'u',
      input: { messages: [] },
      output: { content: 'はい', role: 'assistant', tool_calls: null },
      metadata: {},
      tags: ['x'],
    }),
    event('e2', 'generation-create', 1001, {
      traceId: 'litellm-trace',
      id: `time-09-19-10-957072_${answerId}`,
      name: 'litellm-acompletion',
      startTime: '2026-11-23T04:00:00.957072-08:00',
      endTime: '2026-11-23T04:00:01.957072-08:00',
      completionStartTime: '2026-11-23T04:00:01.0-08:00',
      level: 'DEFAULT',
      model: 'gpt-4o-mini',
      modelParameters: { extra_body: '{}' },
      usage: { input: 10, output: 5, unit: 'TOKENS', totalCost: 0.0042 },
      usageDetails: { input: 10, output: 5, total: 15, cache_creation_input_tokens: 0, cache_read_input_tokens: 2 },
      metadata: { tags: ['x'], hidden_params: { api_base: 'https://x', response_cost: 0.0042 }, cache_hit: false },
    }),
  ];
  it('is stored with its own ids, offsets and authoritative cost', async () => {
    const { store, foldBatch } = setUp({ price: () => ({ costDetails: { total: '9' }, totalCost: '9', currency: 'USD', priceId: 'p', modelId: 'm' }) });
    await foldBatch(...batch('chatcmpl-1'));
    expect(store.observationRows).toMatchObject([
      {
        id: 'time-09-19-10-957072_chatcmpl-1',
        start_time: '2026-11-23T12:00:00.957072Z',
        total_cost: '0.0042',
        cost_source: 'client',
        usage_details: { input: '10', output: '5', total: '15', cache_creation_input_tokens: '0', cache_read_input_tokens: '2' },
      },
    ]);
    expect(store.traceRows).toMatchObject([{ id: 'litellm-trace', name: 'litellm-acompletion', tags: ['x'] }]);
  });
  it.each([true, false])('counts its cost once when it reports a call of our own gateway (gateway first: %s)', async (gatewayFirst) => {
    const { store, fold, foldBatch } = setUp();
    const call = () => fold(callRecord(0, settledCall(), '{"messages":[]}', '{"id":"chatcmpl-77","choices":[{"message":{"role":"assistant","content":"a"}}]}'));
    const report = () => foldBatch(...batch('chatcmpl-77'));
    await (gatewayFirst ? call() : report());
    await (gatewayFirst ? report() : call());
    expect(store.observationRows.map(({ cost_source, total_cost }) => [cost_source, total_cost])).toEqual([
      ['gateway', '0.000027'],
      ['elsewhere', null],
    ]);
  });
});

describe('a gateway call', () => {
  const request = '{"model":"gpt-4o-mini","temperature":0.5,"messages":[{"role":"user","content":"こんにちは"}]}';
  const answer = '{"id":"chatcmpl-9","model":"gpt-4o-mini-2024","choices":[{"index":0,"message":{"role":"assistant","content":"はい"}}]}';

  it('is one row that stands for its trace', async () => {
    const { store, fold } = setUp();
    await fold(callRecord(0, settledCall({ firstTokenAtUs: NOW_US + 100_000, metadata: '{"feature":"faq"}' }), request, answer));
    expect(store.traceRows).toEqual([]);
    expect(store.observationRows).toMatchObject([
      {
        id: '8def0123456789ab',
        trace_id: CALL_ID,
        is_trace: 1,
        type: 'GENERATION',
        stamps: '',
        input: '[{"role":"user","content":"こんにちは"}]',
        output: '{"role":"assistant","content":"はい"}',
        model_parameters: '{"temperature":0.5}',
        provided_model_name: 'gpt-4o-mini',
        usage_details: { input: '100', output: '20', total: '120' },
        total_cost: '0.000027',
        cost_source: 'gateway',
        price_id: 'price-1',
        start_time: '2026-11-23T12:00:00.000000Z',
        end_time: '2026-11-23T12:00:00.500000Z',
        completion_start_time: '2026-11-23T12:00:00.100000Z',
        key_alias: 'app-key',
        team_id: 'team-1',
        user_id: 'user-7',
        session_id: 'session-9',
        tags: ['a', 'b'],
        call_id: CALL_ID,
        http_status: 200,
      },
    ]);
    expect(store.observationRows[0]?.metadata.feature).toBe('faq');
    expect(JSON.parse(store.observationRows[0]?.metadata.gateway as string)).toMatchObject({ request_id: CALL_ID, attempts: [{ provider: 'azure' }] });
  });

  it('keeps no content when it may not, and shows its error', async () => {
    const { store, fold } = setUp();
    const failed = settledCall({
      content: 'off',
      outcome: 'failure',
      httpStatus: 429,
      errorClass: 'RateLimitError',
      errorMessage: 'slow down',
      usage: null,
      cost: null,
    });
    await fold(callRecord(0, failed, request, answer));
    expect(store.observationRows).toMatchObject([
      { input: null, output: null, level: 'ERROR', status_message: 'RateLimitError: slow down', total_cost: null, cost_source: '', http_status: 429 },
    ]);
  });

  it.each([true, false])('gives its trace a row of its own when an SDK says more about it (gateway first: %s)', async (gatewayFirst) => {
    const { store, fold, foldBatch } = setUp();
    const call = () => fold(callRecord(0, settledCall({ startedAtUs: NOW_US + 1_000_000 }), request, answer));
    const sdk = () => foldBatch(event('e1', 'trace-create', 60_000, { id: CALL_ID, name: 'ticket', metadata: { ticket: 5 }, tags: ['c'] }));
    await (gatewayFirst ? call() : sdk());
    await (gatewayFirst ? sdk() : call());
    expect(store.observationRows).toMatchObject([{ is_trace: 0, user_id: 'user-7' }]);
    expect(store.traceRows).toMatchObject([
      {
        id: CALL_ID,
        name: 'ticket',
        user_id: 'user-7',
        session_id: 'session-9',
        tags: ['a', 'b', 'c'],
        output: '{"role":"assistant","content":"はい"}',
        metadata: { ticket: '5' },
      },
    ]);
  });

  it.each([true, false])("hangs under the caller's span, whose cost it takes over (gateway first: %s)", async (gatewayFirst) => {
    const { store, fold } = setUp();
    const caller = {
      traceId: TRACE_ID,
      spanId: '00000000000000aa',
      name: 'openai call',
      startTimeUnixNano: nanos(0),
      endTimeUnixNano: nanos(700),
      attributes: { 'langfuse.observation.type': 'generation', 'langfuse.observation.cost_details': '{"total":1}' },
    };
    const root = { traceId: TRACE_ID, spanId: '00000000000000a0', name: 'handle', startTimeUnixNano: nanos(-10), endTimeUnixNano: nanos(800) };
    const call = () => fold(callRecord(0, settledCall({ traceId: TRACE_ID, parentSpanId: '00000000000000aa' }), request, answer));
    const sdk = () => fold(otlpRecord(0, spansRequest([{ ...caller, parentSpanId: root.spanId }, root], 'langfuse-sdk')));
    await (gatewayFirst ? call() : sdk());
    await (gatewayFirst ? sdk() : call());
    expect(
      store.observationRows.map(({ name, parent_observation_id, total_cost, cost_source, is_trace }) => [
        name,
        parent_observation_id,
        total_cost,
        cost_source,
        is_trace,
      ]),
    ).toEqual([
      ['handle', '', null, '', 0],
      ['openai call', '00000000000000a0', null, 'elsewhere', 0],
      ['chat.completions', '00000000000000aa', '0.000027', 'gateway', 0],
    ]);
    expect(store.traceRows).toMatchObject([{ id: TRACE_ID, name: 'handle', user_id: 'user-7', timestamp: '2026-11-23T11:59:59.990000Z' }]);
  });

  it.each([
    ['together', [0, 1, 2]],
    ['the inner one first', [1, 0, 2]],
    ['the outer one first', [0, 2, 1]],
  ])('counts usage once when a span repeats that of the model call below it: %s', async (_, order) => {
    const { store, fold } = setUp({ price: () => ({ costDetails: {}, totalCost: '1', currency: 'USD', priceId: 'p', modelId: 'm' }) });
    const usage = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.output_tokens': 7 };
    const times = { traceId: TRACE_ID, startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(10) };
    const spans = [
      { ...times, spanId: '00000000000000b0', name: 'framework', attributes: usage },
      { ...times, spanId: '00000000000000b1', parentSpanId: '00000000000000b0', name: 'client', attributes: usage },
      { ...times, spanId: '00000000000000b2', parentSpanId: '00000000000000b0', name: 'judge', attributes: { ...usage, 'gen_ai.usage.input_tokens': 6 } },
    ];
    for (const index of order) await fold(otlpRecord(0, spansRequest([spans[index] as (typeof spans)[number]])));
    const costs = Object.fromEntries(store.observationRows.map(({ name, total_cost }) => [name, total_cost]));
    expect(costs).toEqual({ framework: null, client: '1', judge: '1' });
  });

  it('leaves no trace of a caller whose spans go elsewhere but the trace itself', async () => {
    const { store, fold } = setUp();
    await fold(callRecord(0, settledCall({ traceId: TRACE_ID, parentSpanId: '00000000000000aa' }), request, answer));
    expect(store.observationRows).toHaveLength(1);
    expect(store.traceRows).toMatchObject([{ id: TRACE_ID, name: 'chat.completions' }]);
  });
});

describe('the fold', () => {
  it('computes a cost from usage that came without one', async () => {
    const asked: unknown[] = [];
    const { store, foldBatch } = setUp({
      price: (model, usage, when) => {
        asked.push([model, usage, when.toISOString()]);
        return { costDetails: { input: '0.1', output: '0.2' }, totalCost: '0.3', currency: 'USD', priceId: 'p1', modelId: 'm1' };
      },
    });
    await foldBatch(
      event('e1', 'generation-create', 0, { id: 'g', traceId: 't', startTime: at(0), model: 'gpt-4o', usage: { promptTokens: 3, completionTokens: 4 } }),
    );
    expect(asked).toEqual([['gpt-4o', { input: 3, output: 4, total: 7 }, at(0)]]);
    expect(store.observationRows).toMatchObject([
      { total_cost: '0.3', cost_source: 'computed', price_id: 'p1', internal_model_id: 'm1', provided_cost_details: {} },
    ]);
  });

  it('takes events of 150 different weeks in one batch', async () => {
    const { store, foldBatch } = setUp();
    await foldBatch(
      ...Array.from({ length: 150 }, (_, week) => event(`e${week}`, 'span-create', 0, { id: `o${week}`, traceId: 't', startTime: at(-week * 7 * 86_400_000) })),
    );
    expect(new Set(store.observationRows.map(({ start_time }) => start_time)).size).toBe(150);
    expect(store.traceRows).toHaveLength(1);
  });

  it('makes dead letters of what it cannot read and loses nothing else', async () => {
    const { store, fold } = setUp();
    const good = batchRecord(0, [event('e1', 'trace-create', 0, { id: 't' })]);
    const broken = { ...good, parts: [good.parts[0] as Buffer, Buffer.from('{"batch":[')] };
    const noHeader = { ...good, parts: [Buffer.from('x')] };
    const badCall = { ...good, kind: JournalKind.callSettled, parts: [Buffer.from('{}')] };
    const badProtobuf = {
      ...good,
      kind: JournalKind.otlpTraces,
      parts: [Buffer.from('{"receivedAtUs":1,"contentType":"application/x-protobuf"}'), Buffer.from([0xff, 0xff])],
    };
    const halfGood = batchRecord(0, [{ id: 'e9', type: 'nothing' }, event('e2', 'trace-create', 0, { id: 't2' })]);
    const rows = await fold(broken, noHeader, badCall, badProtobuf, halfGood, good);
    expect(rows.deadLetters.map(({ place }) => place)).toEqual(['ingestion', 'ingestion', 'gateway', 'otlp', 'ingestion']);
    expect(rows.deadLetters[3]?.content).toBe('//8=');
    expect(store.traceRows.map(({ id }) => id)).toEqual(['t', 't2']);
  });

  it('stores the others when one entity cannot be made a row', async () => {
    const { store, foldBatch } = setUp({
      price: () => {
        throw new Error('no price today');
      },
    });
    const rows = await foldBatch(
      event('e1', 'generation-create', 0, { id: 'g', traceId: 't', model: 'm', usage: { input: 1 } }),
      event('e2', 'span-create', 0, { id: 'o', traceId: 't' }),
    );
    expect(rows.deadLetters).toMatchObject([{ place: 'fold', reason: 'no price today', content: '{"kind":"observation","id":"g"}' }]);
    expect(store.observationRows.map(({ id }) => id)).toEqual(['o']);
  });

  it('skips exactly the events that the client was told are refused', async () => {
    const { store, fold } = setUp();
    await fold(batchRecord(0, [event('e1', 'trace-create', 0, { id: 'a' }), event('e2', 'trace-create', 0, { id: 'b' })], { refused: [0] }));
    expect(store.traceRows.map(({ id }) => id)).toEqual(['b']);
  });

  it('keeps nothing when a look-up fails or the caller gives up', async () => {
    const { folder, store } = setUp();
    const records = [{ ...batchRecord(1, [event('e1', 'trace-create', 0, { id: 't', name: 'a' })]), sequence: 1n }];
    const fine = store.traces.bind(store);
    store.traces = () => Promise.reject(new Error('away'));
    await expect(folder.fold(records)).rejects.toThrow('away');
    store.traces = fine;
    await folder.fold(records);
    folder.abandoned();
    expect((await folder.fold(records)).traces).toMatchObject([{ id: 't', name: 'a', row_version: '1' }]);
  });

  it('makes the rows that its measurement counts', async () => {
    expect((await measureFold(1000)).map(({ rows }) => rows)).toEqual([750, 1100, 1000]);
  });

  it('holds spans of one id in two traces apart', async () => {
    const { store, fold } = setUp();
    const span = { spanId: '00000000000000aa', name: 'x', startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(1) };
    await fold(
      otlpRecord(
        0,
        spansRequest([
          { ...span, traceId: TRACE_ID },
          { ...span, traceId: 'cd'.repeat(16) },
        ]),
      ),
    );
    expect(store.observationRows).toHaveLength(2);
  });
});
