// Judging in a started platform: a rule's judge is asked through the own gateway, its score leads to its call, its cost stands on a key of its own, and no judge is judged.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let upstream: Server;
let platform: Platform;

/** Answers judges with a verdict and everybody else with a sentence. */
function startUpstream(): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const isJudge = Buffer.concat(chunks).includes('You are an evaluator');
      const content = isJudge ? 'Verdict: {"reasoning": "役に立つ", "score": 0.75}' : '返品は 30 日以内です。';
      const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'gpt-4o-mini', choices, usage }));
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

beforeAll(async () => {
  upstream = await startUpstream();
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  platform = await startPlatform({
    flags: ['--code-evaluators', 'on'],
    config: `model_list:\n  - model_name: gpt-4o-mini\n    litellm_params: { model: openai/gpt-4o-mini, api_base: "${url}/v1", api_key: sk-upstream }\n`,
  });
});
afterAll(async () => {
  await platform?.stop();
  upstream?.closeAllConnections();
  upstream?.close();
});

const unstable = (method: string, path: string, body?: unknown) =>
  call(`${platform.observeUrl}/api/public/unstable${path}`, {
    method,
    basic: [platform.keys.publicKey, platform.keys.secretKey],
    ...(body === undefined ? {} : { body }),
  });

async function makeRules(): Promise<void> {
  expect((await unstable('PUT', '/evaluation-settings', { provider: 'genai-gateway', model: 'gpt-4o-mini' })).status).toBe(200);
  const templates = (await unstable('GET', '/evaluator-templates')).body.data as unknown as Record<string, unknown>[];
  const { language: _l, summary: _s, targets: _t, ...helpfulness } = templates.find(({ name }) => name === 'helpfulness-ja') as Record<string, unknown>;
  expect((await unstable('POST', '/evaluators', helpfulness)).status).toBe(200);
  for (const target of ['observation', 'trace', 'session']) {
    const rule = { name: target, evaluators: [{ evaluator: { name: 'helpfulness-ja' } }], target, enabled: true, delaySeconds: 0 };
    // Right after the start the engine may still be opening its store (503).
    await eventually(`the rule on a ${target}`, async () => (await unstable('POST', '/evaluation-rules', rule)).status === 200, 30_000);
  }
}

interface Score {
  name: string;
  value: number;
  comment: string;
  traceId: string | null;
  observationId: string | null;
  sessionId: string | null;
  metadata: { judgeTraceId: string };
}

describe('evaluation', () => {
  it('judges an observation, its trace and its session, and links each score to the call of its judge', async () => {
    await makeRules();
    const answered = await chat(platform, platform.keys.virtualKey, 'gpt-4o-mini', { headers: { 'x-litellm-session-id': 's-1' } });
    const traceId = String(answered.headers.get('x-litellm-call-id')).replaceAll('-', '');
    const scores = await eventually(
      'three scores',
      async () => {
        const { data } = (await observe(platform, '/api/public/v2/scores?source=EVAL&limit=100')).body as unknown as { data: Score[] };
        return data.length >= 3 && data;
      },
      60_000,
    );
    expect(scores).toHaveLength(3);
    for (const score of scores) expect(score).toMatchObject({ name: 'helpfulness-ja', value: 0.75, comment: '役に立つ' });
    expect(scores.find(({ observationId }) => observationId !== null)).toMatchObject({ traceId });
    expect(scores.find(({ sessionId }) => sessionId !== null)).toMatchObject({ sessionId: 's-1', traceId: null });
    const judge = (await observe(platform, `/api/public/traces/${scores[0]?.metadata.judgeTraceId}`)).body as Record<string, unknown>;
    expect(judge).toMatchObject({ environment: 'llm-as-a-judge', name: 'judge: helpfulness-ja' });
    expect(JSON.stringify(judge.input)).toContain('返品は 30 日以内です。');
  });

  it('judges no judge, counts what it costs on a key of its own, and shows each judgement', async () => {
    // A second look of the rules has come and gone.
    await chat(platform, platform.keys.virtualKey, 'gpt-4o-mini');
    const queue = await eventually(
      'five judgements',
      async () => {
        const { body } = await unstable('GET', '/evaluation-jobs');
        return Number((body.counts as unknown as Record<string, number>).done) >= 5 && body;
      },
      60_000,
    );
    expect(queue.counts).toEqual({ done: 5 });
    expect((queue.data as unknown as Record<string, unknown>[]).every(({ cost, judgeTraceId }) => Number(cost) > 0 && judgeTraceId !== null)).toBe(true);
    const keys = await call(`${platform.gatewayUrl}/key/list?return_full_object=true&size=100`, { key: platform.keys.masterKey });
    const own = (keys.body.keys as unknown as { key_alias: string | null; spend: number }[]).find(({ key_alias: alias }) => alias?.startsWith('evaluation-'));
    expect(own?.spend).toBeGreaterThan(0);
  });

  it('scores by code, in its sandbox, what came in', async () => {
    const sourceCode =
      'function evaluate(ctx) {\n  return { scores: [{ name: "days", value: Number(/\\d+/.exec(JSON.stringify(ctx.observation.output))[0]) }] };\n}';
    const evaluator = { type: 'code', name: 'days', sourceCode, sourceCodeLanguage: 'TYPESCRIPT' };
    expect((await unstable('POST', '/evaluators', evaluator)).status).toBe(200);
    const trial = await unstable('POST', '/evaluator-trials', { sourceCode, sourceCodeLanguage: 'TYPESCRIPT' });
    expect(trial.body).toMatchObject({ fault: null, scores: [{ name: 'days', value: 30, dataType: 'NUMERIC' }] });
    const rule = { name: 'code', evaluators: [{ evaluator: { name: 'days', type: 'code' } }], target: 'trace', enabled: true, delaySeconds: 0 };
    const made = await unstable('POST', '/evaluation-rules', rule);
    expect(made.status).toBe(200);
    await chat(platform, platform.keys.virtualKey, 'gpt-4o-mini');
    const score = await eventually(
      'the score of the code',
      async () => {
        const { data } = (await observe(platform, '/api/public/v2/scores?name=days')).body as unknown as { data: Score[] };
        return data[0];
      },
      60_000,
    );
    expect(score).toMatchObject({ value: 30, traceId: expect.any(String), observationId: null });
    expect((await unstable('DELETE', `/evaluation-rules/${made.body.id}`)).status).toBe(200);
  });
});
