import fc from 'fast-check';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALLBACK_KINDS, variablesOf } from '#settings/callback-kinds.ts';
import { JournalKind, type JournalRecord } from '#stores/journal/port.ts';
import { ANSWER, REQUEST, settledCall, startReceiver, type TestReceiver } from './callbacks-fixture.ts';
import { headerOf, type LoggedCall, loggedCall } from './logged-call.ts';
import { readEntry, shownEntry } from './logging-entries.ts';
import { createOutside } from './outside.ts';
import { headersOf, openReceiver, Refused } from './receiver.ts';
import { objectKey, standardPayload } from './standard-payload.ts';

let receiver: TestReceiver;
const agent = new Agent();
const outside = createOutside({
  pool: (origin) => ({ request: (options: object) => agent.request({ origin, ...options } as never) }) as never,
  blobs: null as never,
  openBucket: () => Promise.reject(new Error('no bucket')),
  instanceId: 'me',
});
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await agent.close();
});

function callOf(fields: Parameters<typeof settledCall>[1] = {}, id = '0192a1b2c3d4'): LoggedCall {
  const header = settledCall(id, fields);
  const record: JournalRecord = {
    sequence: 1n,
    kind: JournalKind.callSettled,
    project: 'project',
    parts: [Buffer.from(JSON.stringify(header)), REQUEST, ANSWER],
  };
  return loggedCall(headerOf(record) as NonNullable<ReturnType<typeof headerOf>>, record);
}

const target = (kind: (typeof CALLBACK_KINDS)[number], variables: Record<string, string>) => ({ kind, name: kind, success: true, failure: true, variables });
const send = async (kind: (typeof CALLBACK_KINDS)[number], variables: Record<string, string>, calls: LoggedCall[]) => {
  receiver.received.length = 0;
  const opened = openReceiver(target(kind, variables), outside);
  for (const delivery of opened.render(calls)) await opened.deliver(delivery, AbortSignal.timeout(5_000));
  return receiver.received;
};
const keys = () => ({ LANGFUSE_PUBLIC_KEY: 'pk-lf-1', LANGFUSE_SECRET_KEY: 'sk-lf-1', LANGFUSE_HOST: receiver.url });

describe('a receiver', () => {
  it('langfuse gets a trace and a generation with cost, usage, user, session and tags', async () => {
    const [sent] = await send('langfuse', keys(), [callOf()]);
    expect(sent?.path).toBe('/api/public/ingestion');
    expect(sent?.headers.authorization).toBe(`Basic ${Buffer.from('pk-lf-1:sk-lf-1').toString('base64')}`);
    const { batch } = JSON.parse(sent?.body ?? '') as { batch: { id: string; type: string; body: Record<string, unknown> }[] };
    expect(batch.map(({ type }) => type)).toEqual(['trace-create', 'generation-create']);
    expect(batch[0]?.body).toMatchObject({ id: callOf().record.traceId, userId: 'end-user-1', sessionId: 'session-1', tags: ['blue'] });
    expect(batch[0]?.body.output).toMatchObject({ content: 'やあ' });
    expect(batch[1]?.body).toMatchObject({
      model: 'gpt-4o-mini-2024',
      input: [{ role: 'user', content: 'こんにちは' }],
      usage: { input: 10, output: 20, total: 30, totalCost: 0.005 },
      usageDetails: { input: 8, cache_read_input_tokens: 2 },
      modelParameters: { temperature: 0.2 },
      level: 'DEFAULT',
    });
  });

  it('gives the same events the same ids, so that sent twice they are one', async () => {
    const ids = async () => (JSON.parse((await send('langfuse', keys(), [callOf()]))[0]?.body ?? '') as { batch: { id: string }[] }).batch.map(({ id }) => id);
    expect(await ids()).toEqual(await ids());
  });

  it('adds to the trace of a caller only what the caller does not say itself', async () => {
    const [sent] = await send('langfuse', keys(), [callOf({ parentSpanId: 'b'.repeat(16) })]);
    const { batch } = JSON.parse(sent?.body ?? '') as { batch: { body: Record<string, unknown> }[] };
    expect(batch[0]?.body).not.toHaveProperty('name');
    expect(batch[1]?.body.parentObservationId).toBe('b'.repeat(16));
  });

  it('otel gets a span with gen_ai attributes at the path of OTLP/HTTP', async () => {
    const [sent] = await send('otel', { OTEL_ENDPOINT: receiver.url, OTEL_HEADERS: 'x-team=a%20b, Authorization=Basic%20abc' }, [callOf()]);
    expect(sent?.path).toBe('/v1/traces');
    expect(sent?.headers).toMatchObject({ 'x-team': 'a b', authorization: 'Basic abc' });
    const body = JSON.parse(sent?.body ?? '') as {
      resourceSpans: { scopeSpans: { spans: { traceId: string; startTimeUnixNano: string; attributes: { key: string; value: object }[] }[] }[] }[];
    };
    const span = body.resourceSpans[0]?.scopeSpans[0]?.spans[0];
    expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span?.startTimeUnixNano).toBe('1795000000000000000');
    const attributes = Object.fromEntries(span?.attributes.map(({ key, value }) => [key, value]) ?? []);
    expect(attributes['gen_ai.usage.input_tokens']).toEqual({ intValue: '10' });
    expect(attributes['gen_ai.usage.cost']).toEqual({ doubleValue: 0.005 });
    expect(Object.keys(attributes).some((key) => key.startsWith('langfuse.'))).toBe(false);
  });

  it('langfuse_otel gets the cost and the cached tokens in the attributes of Langfuse', async () => {
    const [sent] = await send('langfuse_otel', keys(), [callOf()]);
    expect(sent?.path).toBe('/api/public/otel/v1/traces');
    expect(sent?.body).toContain('langfuse.observation.cost_details');
    expect(sent?.body).toContain('cache_read_input_tokens');
  });

  it('generic_api gets StandardLoggingPayloads as a list, as lines, or one by one', async () => {
    const endpoint = { GENERIC_LOGGER_ENDPOINT: `${receiver.url}/hook`, GENERIC_LOGGER_HEADERS: 'Authorization=Bearer%20x' };
    const calls = [callOf({}, '1'), callOf({}, '2')];
    const [list] = await send('generic_api', endpoint, calls);
    expect(JSON.parse(list?.body ?? '')).toMatchObject([
      { status: 'success', response_cost: 0.005, total_tokens: 30, model_group: 'gpt-4o-mini' },
      { model_id: 'dep-1' },
    ]);
    expect(list?.headers['idempotency-key']).toBeTruthy();
    const [lines] = await send('generic_api', { ...endpoint, GENERIC_LOGGER_FORMAT: 'ndjson' }, calls);
    expect(lines?.body.split('\n').map((line) => JSON.parse(line) as object)).toHaveLength(2);
    expect(await send('generic_api', { ...endpoint, GENERIC_LOGGER_FORMAT: 'single' }, calls)).toHaveLength(2);
  });

  it('tells a refusal, which is final, from trouble, which is not', async () => {
    receiver.answer.status = 400;
    await expect(send('otel', { OTEL_ENDPOINT: receiver.url }, [callOf()])).rejects.toBeInstanceOf(Refused);
    for (const status of [401, 404, 429, 500, 302]) {
      receiver.answer.status = status;
      await expect(send('otel', { OTEL_ENDPOINT: receiver.url }, [callOf()])).rejects.not.toBeInstanceOf(Refused);
    }
    receiver.answer = { status: 207, body: JSON.stringify({ errors: [{ id: 'x', status: 500, message: 'down' }] }), delayMs: 0 };
    await expect(send('langfuse', keys(), [callOf()])).rejects.not.toBeInstanceOf(Refused);
    receiver.answer = { status: 200, body: '{}', delayMs: 0 };
  });

  it('says how a failed call ended, and that no content was kept', () => {
    const failed = callOf({ outcome: 'failure', httpStatus: 429, errorClass: 'RateLimitError', errorMessage: 'slow down', content: 'off', usage: null });
    expect(standardPayload(failed)).toMatchObject({
      status: 'failure',
      messages: null,
      response: null,
      error_information: { error_class: 'RateLimitError', error_code: '429' },
    });
  });

  it('says which guards looked and what they did', () => {
    const guarded = callOf({ guards: [{ name: 'pii', mode: 'pre_call', action: 'masked', ms: 2 }] });
    expect(standardPayload(guarded)).toMatchObject({
      metadata: { applied_guardrails: ['pii'] },
      guardrail_information: [{ guardrail_name: 'pii', guardrail_mode: 'pre_call', guardrail_status: 'success', guardrail_action: 'masked', duration: 0.002 }],
    });
    expect(standardPayload(callOf())).toMatchObject({ guardrail_information: null, metadata: { applied_guardrails: [] } });
  });

  it('splits what is too much for one request', () => {
    const calls = Array.from({ length: 250 }, (_, index) => callOf({}, String(index)));
    const deliveries = openReceiver(target('generic_api', { GENERIC_LOGGER_ENDPOINT: 'http://x/' }), outside).render(calls);
    expect(deliveries.reduce((sum, delivery) => sum + delivery.calls, 0)).toBe(250);
    expect(Math.max(...deliveries.map((delivery) => delivery.calls))).toBeLessThanOrEqual(100);
  });

  it('puts an object under its team and day, whatever the team is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (teamAlias) => {
        const call = callOf({ path: { ...settledCall('1').path, teamAlias } });
        const parts = objectKey(call, 'logs/').split('/');
        expect(parts[0]).toBe('logs');
        expect(parts).not.toContain('..');
        expect(parts).not.toContain('');
        expect(parts.at(-1)).toMatch(/^time-[\d-]+_[0-9a-f-]{36}\.json$/);
      }),
    );
  });
});

describe('variables and headers', () => {
  it('never fault, whatever is given', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof headersOf(text) === 'object'));
    fc.assert(
      fc.property(fc.constantFrom(...CALLBACK_KINDS), fc.dictionary(fc.string(), fc.anything()), (kind, given) =>
        Array.isArray(variablesOf(kind, given).missing),
      ),
    );
  });

  it('of a key are shown masked, and a mask that comes back stands for the secret', () => {
    const entry = {
      callback_name: 'langfuse',
      callback_type: 'success',
      callback_vars: { langfuse_public_key: 'pk-lf-1234567890', langfuse_secret_key: 'sk-lf-1234567890', langfuse_host: 'http://u:p@lf/x?k=1' },
    };
    const read = readEntry(entry, []);
    const shown = shownEntry(read);
    expect(JSON.stringify(shown)).not.toContain('1234567890');
    expect(shown.callback_vars).toMatchObject({ langfuse_host: 'http://lf/x' });
    expect(readEntry({ ...shown, callback_vars: { ...(shown.callback_vars as object), langfuse_host: 'http://new' } }, [read]).variables).toMatchObject({
      LANGFUSE_SECRET_KEY: 'sk-lf-1234567890',
      LANGFUSE_HOST: 'http://new',
    });
  });

  it('must not read the process and must be whole', () => {
    const entry = (vars: object) => ({ callback_name: 'langfuse', callback_type: 'success', callback_vars: vars });
    expect(() => readEntry(entry({ langfuse_public_key: 'os.environ/AWS_SECRET_ACCESS_KEY', langfuse_secret_key: 'x' }), [])).toThrow(/config.yaml only/);
    expect(() => readEntry(entry({ langfuse_public_key: 'x' }), [])).toThrow(/langfuse_secret_key/);
    expect(() => readEntry(entry({ langfuse_public_key: 'x', langfuse_secret_key: 'y', langfuse_host: 'file:///etc/passwd' }), [])).toThrow(/http/);
    expect(() => readEntry({ callback_name: 'datadog' }, [])).toThrow(/must be one of/);
  });
});
