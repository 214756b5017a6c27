// Python's clients, unmodified, against a started process: every generation of Langfuse's SDK, LiteLLM with both of its Langfuse callbacks, OpenAI's client.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { need } from './needs.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const pythons = new Map([2, 3, 4, 5].map((generation) => [generation, need(`python-langfuse-${generation}`)]));
const run = promisify(execFile);
const TIMEOUT_MS = 120_000;

let upstream: FakeProvider;
let platform: Platform;
beforeAll(async () => {
  if ([...pythons.values()].every((python) => python === null)) return;
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: gatewayConfig(upstream.url) });
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

/** Runs a script of e2e/python with the environment that Langfuse's documentation names; what it prints last is JSON. */
async function python(generation: number, script: string, args: string[], environment: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await run(pythons.get(generation) as string, [join(import.meta.dirname, 'python', script), ...args], {
    timeout: TIMEOUT_MS,
    env: {
      PATH: process.env.PATH ?? '',
      LANGFUSE_HOST: platform.observeUrl,
      LANGFUSE_BASE_URL: platform.observeUrl,
      LANGFUSE_PUBLIC_KEY: platform.keys.publicKey,
      LANGFUSE_SECRET_KEY: platform.keys.secretKey,
      // Without it LiteLLM looks for its price list in the internet, three times.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      ...environment,
    },
  });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(last) as Record<string, unknown>;
  } catch {
    throw new Error(`${script} printed no JSON:\n${stdout}\n${stderr}`);
  }
}

interface TraceBody {
  id: string;
  name: string;
  userId: string;
  sessionId: string;
  tags: string[];
  metadata: Record<string, unknown>;
  input: unknown;
  output: unknown;
  totalCost: number;
  observations: Record<string, unknown>[];
  scores: { name: string; value: unknown }[];
}
const readTrace = (id: string, isWhole: (trace: TraceBody) => boolean) =>
  eventually(
    `trace ${id}`,
    async () => {
      const found = await observe(platform, `/api/public/traces/${encodeURIComponent(id)}`);
      const body = found.body as unknown as TraceBody;
      return found.status === 200 && isWhole(body) ? body : null;
    },
    20_000,
  );
const names = (trace: TraceBody): string[] => trace.observations.map(({ name }) => String(name)).sort();
const scoreNames = (trace: TraceBody): string[] => trace.scores.map(({ name }) => name).sort();

for (const [generation, path] of pythons) {
  describe.skipIf(path === null)(`langfuse ${generation}.x for Python`, () => {
    it('writes by decorators, scores, lets a second process update the trace, and reads it back', { timeout: TIMEOUT_MS }, async () => {
      const script = generation === 2 ? 'langfuse_2.py' : 'langfuse_otel.py';
      const { traceId } = (await python(generation, script, generation === 2 ? ['first'] : ['first', String(generation)])) as { traceId: string };
      await python(generation, script, ['second', traceId]);
      const trace = await readTrace(traceId, (found) => names(found).includes('from-another-process') && found.scores.length === 3);
      expect(trace).toMatchObject({ name: `decorated-${generation}`, userId: 'python-user', sessionId: 'python-session' });
      expect(trace.tags).toEqual([String(generation), 'late', 'python']);
      expect(scoreNames(trace)).toEqual(['kind', 'late', 'quality']);
      const answer = trace.observations.find(({ name }) => name === 'answer');
      expect(answer).toMatchObject({
        type: 'GENERATION',
        model: 'gpt-4o-mini',
        output: '晴れ',
        usageDetails: expect.objectContaining({ input: 12, output: 3 }),
      });
      const agent = trace.observations.find(({ name }) => name === 'agent');
      expect(answer?.parentObservationId).toBe(agent?.id);
      const late = trace.observations.find(({ name }) => name === 'from-another-process');
      expect([late?.input, late?.output]).toEqual([{ q: 1 }, { a: 2 }]);
      expect(await python(generation, script, ['read', traceId])).toEqual({ names: names(trace) });
    });
  });
}

/** LiteLLM of the time when its `langfuse` callback sent batches, and of today. */
const LITELLMS = [2, 4].flatMap((generation) => ['langfuse', 'langfuse_otel'].map((callback) => ({ generation, callback })));
describe.skipIf(LITELLMS.some(({ generation }) => pythons.get(generation) === null))('LiteLLM for Python', () => {
  it.each(LITELLMS)('with its $callback callback beside langfuse $generation', { timeout: TIMEOUT_MS }, async ({ generation, callback }) => {
    const session = `session-${generation}-${callback}`;
    const done = await python(generation, 'litellm_callbacks.py', [callback, session]);
    expect(done).toMatchObject({ streamed: '曇り', failed: true });
    // The `langfuse` callback makes one trace of a session's calls, `langfuse_otel` one a call.
    const whole = await eventually(
      'three calls',
      async () => {
        const found = await observe(platform, `/api/public/traces?sessionId=${session}`);
        const { data } = found.body as unknown as { data: TraceBody[] };
        const traces = await Promise.all(data.map(({ id }) => readTrace(id, () => true)));
        return traces.flatMap(({ observations }) => observations.filter(({ type }) => type === 'GENERATION')).length === 3 ? traces : null;
      },
      20_000,
    );
    for (const trace of whole) expect(trace).toMatchObject({ name: `litellm ${callback}`, userId: 'python-user', tags: expect.arrayContaining(['litellm']) });
    const calls = whole.flatMap(({ observations }) => observations.filter(({ type }) => type === 'GENERATION'));
    const texts = calls.map(({ output }) => JSON.stringify(output));
    expect(texts.filter((text) => text.includes('晴れ'))).toHaveLength(1);
    expect(texts.filter((text) => text.includes('曇り'))).toHaveLength(1);
    expect(calls.filter(({ level }) => level === 'ERROR')).toHaveLength(1);
    const answered = calls.find(({ output }) => JSON.stringify(output).includes('晴れ'));
    expect(answered).toMatchObject({ model: 'gpt-4o-mini', usageDetails: expect.objectContaining({ input: 10, output: 20 }) });
    expect(Number(answered?.calculatedTotalCost)).toBeGreaterThan(0);
  });
});

describe.skipIf(pythons.get(2) === null)('openai for Python', () => {
  it('speaks to the gateway as to OpenAI', { timeout: TIMEOUT_MS }, async () => {
    const key = await generateKey(platform, {});
    const done = await python(2, 'openai_gateway.py', [`${platform.gatewayUrl}/v1`, 'gpt-4o-mini'], { GENAI_KEY: key });
    expect(done).toMatchObject({ refused: '401', models: expect.arrayContaining(['gpt-4o-mini']) });
    expect([done.said, done.streamed].every((text) => typeof text === 'string' && text !== '')).toBe(true);
    expect(Number(done.tokens)).toBeGreaterThan(0);
    const callId = String(done.callId).replaceAll('-', '');
    const trace = await readTrace(callId, (found) => found.observations.length === 1);
    expect(trace.observations[0]).toMatchObject({ type: 'GENERATION', id: callId.slice(16) });
  });
});
