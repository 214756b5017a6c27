// Masking of every form in which content comes: what a rule finds is in no byte that is kept, and everything else is as received.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spansOfProtobuf } from '#observe/ingest/otlp-protobuf.ts';
import { signalRequestOf } from '#observe/ingest/otlp-shapes.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { callMask, ingestMask, mediaMask } from './mask-body.ts';
import { maskJson } from './mask-json.ts';
import { maskProtobuf, TRACES_SHAPE } from './mask-protobuf.ts';
import { maskEventStream } from './mask-stream.ts';
import { maskingRules, textMaskOf } from './rules.ts';

const counted: string[] = [];
const maskOf = (rules: unknown) => {
  const mask = textMaskOf(maskingRules.parse(rules), Buffer.from('secret'));
  return (text: string) => (mask === null ? text : mask(text, (rule) => counted.push(rule)));
};
const all = maskOf(['email', 'card', 'my-number', 'phone-ja', 'phone-en'].map((builtIn) => ({ builtIn })));

describe('what is built in', () => {
  it('finds what people write, full width too', () => {
    for (const [text, masked] of [
      ['mail taro.yamada+x@example.co.jp, please', 'mail [EMAIL], please'],
      ['ｔ taro＠example.com', 'ｔ [EMAIL]'],
      ['電話は090-1234-5678です', '電話は[PHONE]です'],
      ['電話 ０３－１２３４－５６７８ まで', '電話 [PHONE] まで'],
      ['09012345678', '[PHONE]'],
      ['+81 90 1234 5678', '[PHONE]'],
      ['(03)1234-5678', '[PHONE]'],
      ['call (555) 123-4567 or +1 212-555-0199', 'call [PHONE] or [PHONE]'],
      ['カード 4111 1111 1111 1111', 'カード [CARD]'],
      ['card 4111-1111-1111-1111.', 'card [CARD].'],
      ['個人番号 1234 5678 9018', '個人番号 [MY_NUMBER]'],
      ['１２３４－５６７８－９０１８', '[MY_NUMBER]'],
    ])
      expect(all(text as string)).toBe(masked);
  });

  it('leaves what only looks like it', () => {
    for (const text of [
      '2026-11-26T10:15:30.123Z',
      'version 1.2.3.4',
      '4111 1111 1111 1112',
      '1234 5678 9010',
      '550e8400-e29b-41d4-a716-446655440000',
      'a@b',
      '1764150000123',
      '123,456,789 yen',
      '0af7651916cd43dd8448eb211c80319c',
    ])
      expect(all(text)).toBe(text);
  });

  it('keeps equal values equal when asked to, under a key', () => {
    const hashed = maskOf([{ builtIn: 'email', replacement: 'hash' }]);
    const [one, again, other] = ['a@example.com', 'a@example.com', 'b@example.com'].map(hashed);
    expect(one).toMatch(/^\[EMAIL:[0-9a-f]{12}\]$/);
    expect([one === again, one === other]).toEqual([true, false]);
  });
});

describe('patterns of one’s own', () => {
  it('run in linear time, whatever they are', () => {
    const mask = maskOf([
      { name: 'A', pattern: '(a+)+$' },
      { name: 'EMPLOYEE', pattern: '社員[0-9]{4}' },
    ]);
    expect(mask('社員1234さん')).toBe('[EMPLOYEE]さん');
    const started = performance.now();
    mask(`${'a'.repeat(20_000)}!`);
    // A backtracking engine needs 2^20000 steps.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('are refused when they are none, or would match nothing', () => {
    for (const pattern of ['(', '(?=x)', 'a*', '(a)\\1', ''])
      expect([pattern, maskingRules.safeParse([{ name: 'X', pattern }]).success]).toEqual([pattern, false]);
    expect(maskingRules.safeParse([{ builtIn: 'iban' }]).success).toBe(false);
  });
});

describe('JSON', () => {
  it('keeps every byte but the masked literals', () => {
    const text = '{ "n": 1.50, "big": 12345678901234567890, "a@example.com": ["x\\u0061@example.com", {"card": 4111111111111111}], "s": "\\u65e5" }';
    expect(maskJson(text, all)).toBe('{ "n": 1.50, "big": 12345678901234567890, "a@example.com": ["[EMAIL]", {"card": "[CARD]"}], "s": "\\u65e5" }');
  });

  it('looks into JSON inside of texts, where letters are escaped twice', () => {
    const inner = JSON.stringify({ mail: '\u0061@example.com' }).replace('a@', '\\u0061@');
    expect(JSON.parse(JSON.parse(maskJson(JSON.stringify(inner), all)))).toEqual({ mail: '[EMAIL]' });
  });

  it('of any shape stays JSON, and holds no address afterwards', () => {
    const address = fc.constantFrom('taro@example.com', 'x 090-1234-5678 y', '4111111111111111');
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        address,
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        const masked = maskJson(text, all);
        expect(() => JSON.parse(masked)).not.toThrow();
        const names = JSON.stringify(value, (_, member: unknown) => (typeof member === 'object' ? member : 0));
        if (!/example|090|4111/.test(names)) expect(masked).not.toMatch(/taro@example\.com|090-1234-5678|4111111111111111/);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void maskJson(text, all)));
  });
});

describe('bodies', () => {
  const maskings = { maskOf: (project: string) => (project === 'p' ? all : null) };
  const ingest = ingestMask(maskings);

  it('of batches keep ids, times and names of models, and lose the rest', async () => {
    const event = (body: object) => ({ id: 'taro@example.com', type: 'trace-create', timestamp: '2026-11-26T00:00:00Z', body });
    const batch = { batch: [event({ id: 'taro@example.com', userId: 'taro@example.com', input: { id: 'taro@example.com' }, tags: ['taro@example.com'] })] };
    const body = Buffer.from(JSON.stringify(batch));
    const masked = JSON.parse(String(await ingest('p', body, 'application/json', JournalKind.ingestionBatch)));
    expect(masked.batch[0]).toEqual({ ...event({ id: 'taro@example.com', userId: '[EMAIL]', input: { id: '[EMAIL]' }, tags: ['[EMAIL]'] }) });
    expect(await ingest('other', body, 'application/json', JournalKind.ingestionBatch)).toBe(body);
  });

  it('of OTLP in JSON keep ids and instants', async () => {
    const span = {
      traceId: '41111111111111114111111111111111',
      spanId: '4111111111111111',
      name: 'n',
      startTimeUnixNano: '4111111111111111',
      attributes: [{ key: 'input.value', value: { stringValue: '{"mail":"a@example.com"}' } }],
    };
    const masked = JSON.parse(
      String(
        await ingest('p', Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })), 'application/json', JournalKind.otlpTraces),
      ),
    );
    expect(masked.resourceSpans[0].scopeSpans[0].spans[0]).toEqual({
      ...span,
      attributes: [{ key: 'input.value', value: { stringValue: '{"mail":"[EMAIL]"}' } }],
    });
  });

  it('of OTLP in binary are written again with right lengths', async () => {
    const masked = (await ingest('p', exportWith(`${'x'.repeat(200)} a@example.com`), 'application/x-protobuf', JournalKind.otlpTraces)) as Buffer;
    expect(masked.includes('example.com')).toBe(false);
    const [span] = spansOfProtobuf(masked) as unknown as [{ traceId: string; attributes: unknown }];
    expect(span.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(JSON.stringify(span)).toContain(`${'x'.repeat(200)} [EMAIL]`);
    const untouched = exportWith('nothing');
    expect(maskProtobuf(untouched, TRACES_SHAPE, all)).toBe(untouched);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void maskProtobuf(Buffer.from(bytes), TRACES_SHAPE, all)));
  });

  it('of OTLP logs and metrics lose what people write, and keep names, numbers and instants', async () => {
    const text = (stringValue: string) => ({ stringValue });
    const logs = {
      resourceLogs: [
        {
          scopeLogs: [
            { logRecords: [{ timeUnixNano: '1795176000000000000', body: text('a@example.com'), attributes: [{ key: 'k', value: text('b@example.com') }] }] },
          ],
        },
      ],
    };
    const dataPoints = [{ timeUnixNano: '1795176000000000000', asInt: '4111111111111111', attributes: [{ key: 'user', value: text('c@example.com') }] }];
    const metrics = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', sum: { dataPoints } }] }] }] };
    for (const [request, kind] of [
      [logs, JournalKind.otlpLogs],
      [metrics, JournalKind.otlpMetrics],
    ] as const) {
      const masked = String(await ingest('p', Buffer.from(JSON.stringify(request)), 'application/json', kind));
      expect(masked).toBe(JSON.stringify(request).replaceAll(/[abc]@example\.com/g, '[EMAIL]'));
    }
    const field = (number: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
    const named = field(2, field(1, Buffer.from('a@example.com')));
    const record = field(1, field(2, field(2, Buffer.concat([field(5, field(1, Buffer.from('a@example.com'))), field(6, named)]))));
    const maskedRecord = (await ingest('p', record, 'application/x-protobuf', JournalKind.otlpLogs)) as Buffer;
    expect(JSON.stringify(signalRequestOf(JournalKind.otlpLogs, maskedRecord, false))).not.toContain('@');
    const metric = field(1, field(2, field(2, Buffer.concat([field(1, Buffer.from('a@example.com')), field(5, field(1, field(7, named)))]))));
    const maskedMetric = (await ingest('p', metric, 'application/x-protobuf', JournalKind.otlpMetrics)) as Buffer;
    expect(JSON.stringify(signalRequestOf(JournalKind.otlpMetrics, maskedMetric, false))).toMatch(/"name":"a@example.com".*\[EMAIL\]/);
  });

  it('of calls: a number that is cut between two chunks is masked as one', () => {
    const chunk = (content: string) => `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [{ index: 0, delta: { content } }] })}\n\n`;
    const stream = `${chunk('Ring 090-12')}${chunk('34-56')}${chunk('78 now')}data: [DONE]\n\n`;
    const masked = maskEventStream(stream, all);
    expect(masked).not.toMatch(/090|5678/);
    const texts = [...masked.matchAll(/data: (\{.*\})/g)].map(([, data]) => JSON.parse(data as string).choices[0].delta.content).join('');
    expect(texts).toBe('Ring [PHONE] now');
    expect(maskEventStream(chunk('nothing'), all)).toBe(chunk('nothing'));
    const call = callMask(maskings)('p');
    expect(String(call?.body(Buffer.from('{"model":"m","messages":[{"content":"a@example.com"}]}'), 'json'))).toBe(
      '{"model":"m","messages":[{"content":"[EMAIL]"}]}',
    );
    expect(String(call?.body(Buffer.from('plain words to a@example.com'), 'json'))).toBe('plain words to [EMAIL]');
    expect(String(call?.body(Buffer.from('data: to a@example.com\n\ndata: [DONE]\n\n'), 'sse'))).toBe('data: to [EMAIL]\n\ndata: [DONE]\n\n');
    expect(callMask(maskings)('other')).toBeNull();
  });

  it('of media are masked when they are text', () => {
    const mask = mediaMask(maskings);
    expect(String(mask('p', 'text/plain', Buffer.from('a@example.com')))).toBe('[EMAIL]');
    expect(String(mask('p', 'image/png', Buffer.from('a@example.com')))).toBe('a@example.com');
  });
});

/** ExportTraceServiceRequest with one span and one attribute. */
function exportWith(text: string): Buffer {
  const field = (number: number, value: Buffer): Buffer => {
    const size: number[] = [];
    let rest = value.length;
    for (; rest >= 128; rest >>= 7) size.push((rest & 127) | 128);
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...size, rest]), value]);
  };
  const attribute = field(9, Buffer.concat([field(1, Buffer.from('input.value')), field(2, field(1, Buffer.from(text)))]));
  const span = Buffer.concat([field(1, Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex')), field(2, Buffer.from('b7ad6b7169203331', 'hex')), attribute]);
  return field(1, field(2, field(2, span)));
}
