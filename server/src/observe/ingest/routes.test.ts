import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, event, nanos, spansRequest } from '#observe/fold/records-fixture.ts';
import { type IngestServer, PERSON, PUBLIC_KEY, startIngestServer } from './ingest-server-fixture.ts';

const INGESTION = '/api/public/ingestion';
const TRACES = '/api/public/otel/v1/traces';
const SCORES = '/api/public/scores';
const TRACE_ID = 'ab'.repeat(16);
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

let server: IngestServer;
beforeEach(async () => {
  server = await startIngestServer();
});
afterEach(async () => {
  await server.close();
});

const postBatch = (batch: unknown, headers = {}) => server.post(INGESTION, JSON.stringify({ batch }), headers);
interface Multi {
  successes: { id: string; status: number }[];
  errors: { id: string; status: number; message: string; error: string }[];
}

describe('POST /api/public/ingestion', () => {
  it('answers 207 with one entry an event and keeps the good ones', async () => {
    const response = await postBatch([
      event('e1', 'trace-create', 0, { id: 't1', name: 'ok' }),
      { type: 'trace-create', timestamp: at(0), body: { id: 't2' } },
      event('e3', 'no-such-type', 0, {}),
      event('e4', 'span-update', 0, { name: 'without id' }),
      { id: 'e5', type: 'trace-create', timestamp: 'yesterday', body: {} },
      event('e6', 'dataset-run-item-create', 0, {}),
      event('e7', 'score-create', 0, { name: 's', value: 1 }),
      null,
      'text',
      event('e10', 'trace-create', 0, { id: 'x'.repeat(801) }),
      event('e11', 'generation-create', 0, { id: 'g1', traceId: 't1', unknownKey: true }),
    ]);
    expect(response.status).toBe(207);
    const { successes, errors } = (await response.json()) as Multi;
    expect(successes).toEqual([
      { id: 'e1', status: 201 },
      { id: 'e11', status: 201 },
    ]);
    expect(errors.map(({ id, status }) => [id, status])).toEqual([
      ['unknown', 400],
      ['e3', 400],
      ['e4', 400],
      ['e5', 400],
      ['e6', 400],
      ['e7', 400],
      ['unknown', 400],
      ['unknown', 400],
      ['e10', 400],
    ]);
    expect(errors[1]).toMatchObject({ message: 'Invalid request data' });
    const rows = await server.fold();
    expect(rows.deadLetters).toEqual([]);
    expect(rows.traceRows.map(({ id }) => id)).toEqual(['t1']);
    expect(rows.observationRows.map(({ id }) => id)).toEqual(['g1']);
  });

  it('answers 400 in the documented shape when there is no batch', async () => {
    for (const body of ['', '{', '[]', 'null', '{"batch":{}}', '{"batch":"x"}', '\u0000', new Uint8Array([0xff, 0xfe, 0x7b])]) {
      const response = await server.post(INGESTION, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ message: 'Invalid request data', errors: [{ path: ['batch'] }] });
    }
  });

  it('lets a public key alone create scores and nothing else', async () => {
    const headers = { authorization: `Bearer ${PUBLIC_KEY}` };
    const response = await postBatch(
      [event('e1', 'trace-create', 0, { id: 't' }), event('e2', 'score-create', 0, { traceId: 't', name: 'thumb', value: 1 })],
      headers,
    );
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({ successes: [{ id: 'e2', status: 201 }], errors: [{ id: 'e1', status: 401 }] });
    expect((await server.post(TRACES, '{}', headers)).status).toBe(403);
    const rows = await server.fold();
    expect([rows.traceRows.length, rows.scoreRows.length]).toEqual([0, 1]);
  });

  it('refuses without a key, and never echoes one', async () => {
    const response = await postBatch([], { authorization: 'Basic cGstd3Jvbmc6c2stc2VjcmV0' });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain('secret');
  });

  it('keeps NUL, lone surrogates, bytes that are no UTF-8, a 10 MB body and instants of any year, and loses nothing beside them', async () => {
    const big = 'あ'.repeat(3_500_000);
    const body = JSON.stringify({
      batch: [
        event('e1', 'trace-create', 0, {
          id: 't\u0000\ud800',
          name: '\udfff\u0000',
          input: '\u0000\ud800',
          metadata: { 'k\ud800': '\u0000' },
          tags: ['\ud800'],
        }),
        event('e2', 'span-create', 0, { id: 'big', traceId: 't2', input: big, startTime: '0001-01-01T00:00:00Z', endTime: '9999-12-31T23:59:59.999Z' }),
        event('e3', 'generation-create', 0, {
          id: 'money',
          traceId: 't2',
          usageDetails: { input: -1, output: 1.5, cached: 7, text: 'NaN' },
          costDetails: { input: 10_000_000, output: 0.000000000001 },
        }),
      ],
    });
    expect((await server.post(INGESTION, new Uint8Array(gzipSync(body)), { 'content-encoding': 'gzip' })).status).toBe(207);
    const bad = Buffer.concat([
      Buffer.from('{"batch":[{"id":"e4","type":"trace-create","timestamp":"2026-11-23T12:00:00Z","body":{"id":"t4","name":"'),
      Buffer.from([0xff, 0xc0]),
      Buffer.from('"}}]}'),
    ]);
    expect((await server.post(INGESTION, new Uint8Array(bad))).status).toBe(207);
    const rows = await server.fold();
    expect(rows.deadLetters).toEqual([]);
    expect(rows.traceRows.find(({ id }) => id === 't\ufffd\ufffd')).toMatchObject({
      name: '\ufffd\ufffd',
      tags: ['\ufffd'],
      metadata: { 'k\ufffd': '\ufffd' },
    });
    expect(rows.traceRows.find(({ id }) => id === 't4')?.name).toBe('\ufffd\ufffd');
    const span = rows.observationRows.find(({ id }) => id === 'big');
    expect(span?.input?.length).toBe(big.length + 2);
    const year = new Date().getUTCFullYear();
    expect(Number(span?.start_time.slice(0, 4))).toBeGreaterThanOrEqual(year - 6);
    expect(Number(span?.end_time?.slice(0, 4))).toBeLessThanOrEqual(year + 1);
    expect(JSON.parse(span?.original_times as string)).toEqual({ start_time: '0001-01-01T00:00:00Z', end_time: '9999-12-31T23:59:59.999Z' });
    expect(rows.observationRows.find(({ id }) => id === 'money')).toMatchObject({
      usage_details: { cached: '7', total: '7' },
      cost_details: { input: '10000000', output: '0.000000000001' },
      total_cost: '10000000.000000000001',
    });
  });

  it('keeps what is beside an event that is nested too deeply to be written again', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const of = (id: string, member: string, value: string) =>
      `{"id":"${id}","type":"span-create","timestamp":"${at(0)}","body":{"id":"${id}","traceId":"t","${member}":${value}}}`;
    const response = await server.post(INGESTION, `{"batch":[${of('a', 'metadata', `{"x":${deep}}`)},${of('b', 'input', deep)},${of('c', 'name', '"fine"')}]}`);
    expect(response.status).toBe(207);
    expect((await server.post(SCORES, `{"traceId":"t","name":"n","value":1,"metadata":${deep}}`)).status).toBe(200);
    const rows = await server.fold();
    expect(rows.deadLetters.length).toBeLessThanOrEqual(2);
    expect(rows.observationRows.map(({ id }) => id)).toEqual(expect.arrayContaining(['b', 'c']));
    expect(rows.observationRows.find(({ id }) => id === 'b')?.input).toBe(deep);
  });

  it('cuts a gzip bomb and a body beyond its limit', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 << 20, 32)));
    expect((await server.post(INGESTION, bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await server.post(INGESTION, new Uint8Array([1, 2, 3]), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await server.post(TRACES, bomb, { ...PROTOBUF, 'content-encoding': 'gzip' })).status).toBe(413);
  });

  it('never answers 5xx and folds whatever it accepted', async () => {
    const types = fc.constantFrom('trace-create', 'span-create', 'generation-update', 'score-create', 'observation-create', 'sdk-log');
    const body = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom('id', 'traceId', 'name', 'usage', 'usageDetails', 'metadata', 'startTime', 'value', 'input', 'tags', 'type', '__proto__'),
        fc.jsonValue(),
      ),
    );
    const anyEvent = fc.oneof(fc.jsonValue(), fc.record({ id: fc.string({ unit: 'binary' }), type: types, timestamp: fc.constant(at(0)), body }));
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 5 }), async (batch) => {
        const response = await postBatch(batch);
        expect(response.status).toBe(207);
        const { successes, errors } = (await response.json()) as Multi;
        expect(successes.length + errors.length).toBe(batch.length);
      }),
      { numRuns: 150 },
    );
    expect((await server.fold()).deadLetters).toEqual([]);
  });
});

describe('POST /api/public/otel/v1/traces', () => {
  const span = { traceId: TRACE_ID, spanId: '00000000000000a1', name: 'ok', startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(5) };

  it('answers an empty export in its own content type', async () => {
    expect(await (await server.post(TRACES, '')).json()).toEqual({});
    const protobuf = await server.post(TRACES, '', PROTOBUF);
    expect(protobuf.status).toBe(200);
    expect(protobuf.headers.get('content-type')).toContain('application/x-protobuf');
    expect((await protobuf.arrayBuffer()).byteLength).toBe(0);
    expect(await (await server.post(TRACES, JSON.stringify(spansRequest([span])))).json()).toEqual({});
  });

  it('rejects a span without ids in partialSuccess and keeps the others', async () => {
    const response = await server.post(
      TRACES,
      JSON.stringify(spansRequest([{ ...span, traceId: undefined }, span, { ...span, spanId: 'zz' }, { ...span, spanId: '0'.repeat(16) }])),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ partialSuccess: { rejectedSpans: '3', errorMessage: expect.stringContaining('traceId') } });
    const rows = await server.fold();
    expect(rows.deadLetters).toEqual([]);
    expect(rows.observationRows.map(({ id }) => id)).toEqual(['00000000000000a1']);
  });

  it('says rejected spans in protobuf too', async () => {
    // resource_spans { scope_spans { spans { name: "x" } } }
    const response = await server.post(TRACES, new Uint8Array([10, 7, 18, 5, 18, 3, 42, 1, 120]), PROTOBUF);
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect([bytes[0], bytes[2], bytes[3], bytes[4]]).toEqual([10, 8, 1, 18]);
    expect(bytes.toString('utf8')).toContain('traceId');
    expect(await server.records()).toEqual([]);
  });

  it('takes ids as hex, base64 and serialised Buffers, and 64-bit integers as strings, numbers and Longs', async () => {
    const bytes = [...Buffer.from(TRACE_ID, 'hex')];
    const spans = [
      { ...span, spanId: '00000000000000B1', traceId: TRACE_ID.toUpperCase() },
      { ...span, spanId: Buffer.from('00000000000000b2', 'hex').toString('base64'), traceId: Buffer.from(TRACE_ID, 'hex').toString('base64') },
      { ...span, spanId: { type: 'Buffer', data: [0, 0, 0, 0, 0, 0, 0, 0xb3] }, traceId: { type: 'Buffer', data: bytes } },
    ].map((one, index) => ({
      ...one,
      startTimeUnixNano:
        index === 0
          ? nanos(0)
          : index === 1
            ? Number(nanos(0))
            : { low: Number(BigInt(nanos(0)) & 0xffffffffn) | 0, high: Number(BigInt(nanos(0)) >> 32n), unsigned: true },
    }));
    expect(await (await server.post(TRACES, JSON.stringify(spansRequest(spans)))).json()).toEqual({});
    const rows = await server.fold();
    expect(rows.observationRows.map(({ id, trace_id, start_time }) => [id, trace_id, start_time])).toEqual(
      ['00000000000000b1', '00000000000000b2', '00000000000000b3'].map((id) => [id, TRACE_ID, '2026-11-23T12:00:00.000000Z']),
    );
  });

  it.each([
    ['another content type', '{}', { 'content-type': 'text/plain' }, 'Invalid content type'],
    ['broken JSON', '{', {}, 'cannot be read'],
    ['resourceSpans that are no array', '{"resourceSpans":{}}', {}, 'resourceSpans must be an array'],
    ['spans that are no array', '{"resourceSpans":[{"scopeSpans":[{"spans":5}]}]}', {}, 'spans must be an array'],
    ['attributes that are no array', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":{}}]}]}]}', {}, 'attributes must be an array'],
    ['logs', '{"resourceLogs":[]}', {}, 'traces only'],
    ['broken protobuf', 'hello', PROTOBUF, 'cannot be read'],
    ['an unknown ingestion version', '{}', { 'x-langfuse-ingestion-version': '5' }, 'Unsupported x-langfuse-ingestion-version'],
    ['an ingestion version that is no number', '{}', { 'x-langfuse-ingestion-version': 'x' }, 'Unsupported x-langfuse-ingestion-version'],
  ])('answers 400 to %s', async (_, body, headers, message) => {
    const response = await server.post(TRACES, body, headers);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain(message);
  });

  it('never answers 5xx to any bytes or any JSON, and folds whatever it accepted', async () => {
    const deep = fc.letrec((tie) => ({
      node: fc.oneof(
        fc.constant(span),
        fc.jsonValue(),
        fc.record({ key: fc.string(), value: tie('node') }),
        fc.record({ resourceSpans: fc.array(tie('node')) }),
        fc.record({ scopeSpans: fc.array(tie('node')) }),
        fc.record({ spans: fc.array(tie('node')), scope: tie('node') }),
        fc.record({
          traceId: fc.constant(TRACE_ID),
          spanId: fc.constant('00000000000000c1'),
          attributes: fc.array(tie('node')),
          events: tie('node'),
          status: tie('node'),
          startTimeUnixNano: tie('node'),
        }),
      ),
    })).node;
    await fc.assert(
      fc.asyncProperty(fc.array(deep), async (resourceSpans) => {
        expect((await server.post(TRACES, JSON.stringify({ resourceSpans }))).status).toBeLessThan(500);
      }),
      { numRuns: 100 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        expect((await server.post(TRACES, new Uint8Array(bytes), PROTOBUF)).status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
    await server.fold();
  });
});

describe('the ledger of clients', () => {
  it('knows each SDK by what it says of itself, and why what was refused', async () => {
    const otel = { 'content-type': 'application/json', 'user-agent': 'OTel-OTLP-Exporter-JavaScript/0.223.0' };
    await server.post(TRACES, JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'no', spanId: 'id' }] }] }] }), otel);
    await server.post(TRACES, '{', otel);
    const python = { 'x-langfuse-sdk-name': 'python', 'x-langfuse-sdk-version': '2.60.9' };
    await server.post(INGESTION, JSON.stringify({ batch: [event('c1', 'trace-create', 0, { id: 't' }), { id: 'c2', type: 'nothing' }] }), python);
    await server.post(SCORES, JSON.stringify({ name: 'nowhere', value: 1 }), python);
    await server.post(SCORES, JSON.stringify({ traceId: 't', name: 'n', value: 1 }), { authorization: PERSON, 'user-agent': 'Mozilla/5.0' });
    const seen = server.clients.clients('project-1');
    const find = (name: string) => seen.find((client) => client.name === name);
    expect(find('OTel-OTLP-Exporter-JavaScript')).toMatchObject({ version: '0.223.0', requests: 2, refused: 2, routes: [{ route: TRACES, requests: 2 }] });
    expect(find('OTel-OTLP-Exporter-JavaScript')?.reasons.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('The trace export cannot be read'),
      expect.stringContaining('trace'),
    ]);
    expect(find('python')).toMatchObject({ version: '2.60.9', requests: 2, refused: 2 });
    // A page of the console is no client.
    expect(find('browser')).toBeUndefined();
  });
});

describe('POST /api/public/scores', () => {
  it('answers 200 with the id and writes a score event', async () => {
    const given = await server.post(SCORES, JSON.stringify({ id: 's1', traceId: 't', name: 'quality', value: 'good', comment: null }));
    expect([given.status, await given.json()]).toEqual([200, { id: 's1' }]);
    const made = (await (await server.post(SCORES, JSON.stringify({ sessionId: 's', name: 'n', value: 2 }))).json()) as { id: string };
    const rows = await server.fold();
    expect(rows.scoreRows.map(({ id, data_type }) => [id, data_type]).sort()).toEqual(
      [
        ['s1', 'CATEGORICAL'],
        [made.id, 'NUMERIC'],
      ].sort(),
    );
  });
  it('takes a list: 202 when every score is good, 207 with what is refused', async () => {
    const good = { traceId: 't', name: 'quality', value: 0.5, metadata: { big: '1' } };
    const all = await server.post(
      SCORES,
      JSON.stringify([
        { ...good, id: 'l1' },
        { ...good, id: 'l2' },
      ]),
    );
    expect([all.status, await all.json()]).toEqual([202, { message: 'Accepted' }]);
    const some = await server.post(SCORES, JSON.stringify([{ ...good, id: 'l3' }, { name: 'nowhere', value: 1 }, 7]));
    expect([some.status, await some.json()]).toEqual([207, { accepted: 1, rejected: 2, errors: [expect.anything(), expect.anything()] }]);
    expect((await server.fold()).scoreRows.map(({ id }) => id).sort()).toEqual(['l1', 'l2', 'l3']);
  });
  it("says who gave a score by hand, and takes nobody's word for it", async () => {
    const body = (id: string) => JSON.stringify({ id, traceId: 't', name: 'quality', value: 1, source: 'ANNOTATION', authorUserId: 'somebody else' });
    await server.post(SCORES, body('by-hand'), { authorization: PERSON });
    await server.post(SCORES, body('by-key'));
    const rows = (await server.fold()).scoreRows;
    expect(rows.map(({ id, author_user_id }) => [id, author_user_id]).sort()).toEqual([
      ['by-hand', 'taro'],
      ['by-key', null],
    ]);
  });
  it('answers 400 with the issues', async () => {
    for (const body of [
      '{',
      '[]',
      '{}',
      '{"name":"n","value":1}',
      '{"traceId":"t","name":"n","value":3,"dataType":"BOOLEAN"}',
      '{"traceId":"t","name":"n","value":1,"dataType":"TEXT"}',
    ]) {
      expect((await server.post(SCORES, body)).status).toBe(400);
    }
  });
});

describe('a full journal', () => {
  it('is a 503 with Retry-After in the dialect, and nothing is half accepted', async () => {
    const small = await startIngestServer({ payloadLimitBytes: 2000 });
    try {
      const answers: Response[] = [];
      for (let index = 0; index < 6; index += 1)
        answers.push(
          await small.post(INGESTION, JSON.stringify({ batch: [event(`e${index}`, 'trace-create', 0, { id: `t${index}`, input: 'x'.repeat(700) })] })),
        );
      const accepted = answers.filter(({ status }) => status === 207).length;
      const refused = answers.find(({ status }) => status === 503);
      expect(accepted).toBeGreaterThan(0);
      expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused?.json()).toMatchObject({ error: 'ServiceUnavailableError' });
      expect((await small.fold()).traceRows).toHaveLength(accepted);
    } finally {
      await small.close();
    }
  });
});
