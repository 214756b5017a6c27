// The data plane through a real socket against the fake provider: what goes up, what comes back, what is written down.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../../../e2e/fake-provider/fake-provider.ts';
import { minuteWithRoom } from './minute-fixture.ts';
import { DEPLOYMENT, MASTER_KEY, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let provider: FakeProvider;
let test: TestGateway;
beforeAll(async () => {
  provider = await startFakeProvider();
  const base = `${provider.url}/v1`;
  test = await startTestGateway({
    deployments: [
      { ...DEPLOYMENT, apiBase: base },
      { ...DEPLOYMENT, id: 'dep-azure', modelName: 'azure-gpt', provider: 'azure', providerName: 'azure', apiBase: provider.url, apiVersion: '2024-10-21' },
      { ...DEPLOYMENT, id: 'dep-azure-v1', modelName: 'azure-v1', provider: 'azure', providerName: 'azure', apiBase: `${provider.url}/`, apiVersion: 'v1' },
      { ...DEPLOYMENT, id: 'dep-wild', modelName: 'any/*', upstreamModel: '*', apiBase: base },
      { ...DEPLOYMENT, id: 'dep-o3', modelName: 'o3', upstreamModel: 'o3-mini', apiBase: base },
      {
        ...DEPLOYMENT,
        id: 'dep-demo',
        modelName: 'demo',
        provider: 'demo',
        providerName: 'demo',
        upstreamModel: 'demo',
        mockResponse: 'こんにちは、世界',
        apiKey: null,
      },
      { ...DEPLOYMENT, id: 'dep-none', modelName: 'no-price', upstreamModel: 'fixed;x=1', apiBase: base, inputCostPerToken: null, outputCostPerToken: null },
    ],
    modelAliases: { 'short-name': 'gpt' },
  });
  test.key('sk-user');
});
afterAll(async () => {
  await test.close();
  await provider.close();
});
beforeEach(() => {
  test.written.started.length = 0;
  test.written.settled.length = 0;
  provider.reset();
});

const MESSAGES = [{ role: 'user', content: 'こんにちは！' }];
function post(body: object | string | Buffer, headers: Record<string, string> = {}, path = '/v1/chat/completions') {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return fetch(test.url + path, {
    method: 'POST',
    body: bytes as string,
    headers: { authorization: 'Bearer sk-user', 'content-type': 'application/json', ...headers },
  });
}
type ErrorBody = { error: { message: string; type: string; code: string; param: string | null; provider_specific_fields?: Record<string, unknown> } };
const errorOf = async (response: Response) => ((await response.json()) as ErrorBody).error;

describe('a chat completion', () => {
  it('passes every byte but the model name up, and the answer down untouched', async () => {
    const text =
      '{"model": "gpt",  "seed": 12345678901234567890, "messages":[{"role":"user","content":"\\u3053\\ud83c\\udf8c"}], "x_new_field":{"a":1.0}, "metadata":{"trace_name":"t"}}';
    const response = await post(text);
    expect(response.status).toBe(200);
    expect(provider.requests[0]?.body.toString()).toBe(
      '{"model": "fixed","seed": 12345678901234567890, "messages":[{"role":"user","content":"\\u3053\\ud83c\\udf8c"}], "x_new_field":{"a":1.0}}',
    );
    expect(provider.requests[0]?.headers.authorization).toBe('Bearer sk-upstream-secret-123456');
    const answer = (await response.json()) as Record<string, unknown>;
    expect(answer.x_unknown_field).toEqual({ kept: true });
    expect(answer.model).toBe('gpt-4o-mini-2024-07-18');
  });

  it('answers with LiteLLM headers, cost and spend included, and passes only listed upstream headers', async () => {
    const response = await post({ model: 'gpt', messages: MESSAGES });
    const { headers } = response;
    expect(headers.get('x-litellm-call-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(headers.get('x-litellm-model-id')).toBe('dep-1');
    expect(headers.get('x-litellm-model-group')).toBe('gpt');
    expect(headers.get('x-litellm-model-api-base')).toBe(`${provider.url}/v1`);
    expect(headers.get('x-litellm-response-cost')).toBe('0.000033');
    expect(Number(headers.get('x-litellm-key-spend'))).toBeGreaterThanOrEqual(0.000033);
    expect(headers.get('llm_provider-x-request-id')).toBe('req_fake');
    expect(headers.get('llm_provider-x-ratelimit-remaining-requests')).toBe('99');
    expect([...headers.keys()].filter((name) => name.includes('cookie') || name.includes('organization'))).toEqual([]);
  });

  it('writes started before and settled after, with path, usage, cost, content and context', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await post(
      { model: 'gpt', messages: MESSAGES, user: 'end-user', metadata: { session_id: 's-1', tags: ['a'], trace_name: 'name' }, tags: ['b'] },
      { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'x-litellm-tags': 'c, a' },
    );
    const [started] = test.written.started;
    const [settled] = test.written.settled;
    expect(started).toMatchObject({ attempt: 0, deploymentId: 'dep-1', upstreamModel: 'fixed', path: { projectId: 'project-1', costCentre: 'CC-7' } });
    expect(Number(started?.reserved)).toBeGreaterThan(0);
    expect(settled?.record).toMatchObject({
      callId: started?.callId,
      traceId,
      parentSpanId: 'b7ad6b7169203331',
      outcome: 'success',
      httpStatus: 200,
      usage: { input: 9, output: 12, total: 21 },
      usageEstimated: false,
      cost: '0.000033',
      endUser: 'end-user',
      sessionId: 's-1',
      traceName: 'name',
      tags: ['c', 'a', 'b'],
      content: 'full',
      answerFormat: 'json',
    });
    expect(settled?.record.spanId).toBe(settled?.record.callId.slice(16));
    expect(settled?.record.attempts).toHaveLength(1);
    expect(settled?.request).toContain('こんにちは');
    expect(settled?.answer).toContain('"finish_reason":"stop"');
  });

  it('keeps the last byte until the record is durable, and says so when it cannot be', async () => {
    let durable = () => {};
    test.holdSettled.until = new Promise((resolve) => {
      durable = resolve;
    });
    let arrived = false;
    const pending = post({ model: 'gpt', messages: MESSAGES }).then((response) => {
      arrived = true;
      return response;
    });
    while (provider.requests.length === 0 || !provider.requests[0]?.finished) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(arrived).toBe(false);
    durable();
    expect((await pending).status).toBe(200);
    test.holdSettled.until = null;
    test.holdSettled.error = new Error('disk full');
    expect((await post({ model: 'gpt', messages: MESSAGES })).status).toBe(503);
    test.holdSettled.error = null;
  });

  it('speaks to Azure by deployment, by the v1 API, and keeps content-filter fields both ways', async () => {
    const answer = (await (await post({ model: 'azure-gpt', messages: MESSAGES })).json()) as { prompt_filter_results: unknown; choices: object[] };
    expect(answer.prompt_filter_results).toBeDefined();
    expect(answer.choices[0]).toHaveProperty('content_filter_results');
    expect(provider.requests[0]).toMatchObject({ path: '/openai/deployments/fixed/chat/completions?api-version=2024-10-21' });
    expect(provider.requests[0]?.headers['api-key']).toBe('sk-upstream-secret-123456');
    await post({ model: 'azure-v1', messages: MESSAGES });
    expect(provider.requests[1]?.path).toBe('/openai/v1/chat/completions');
    provider.script('content-filter');
    const error = await errorOf(await post({ model: 'azure-gpt', messages: MESSAGES }));
    expect(error).toMatchObject({ code: '400', provider_specific_fields: { innererror: { content_filter_result: { hate: { filtered: true } } } } });
    expect(error.message).toMatch(/^litellm\.ContentPolicyViolationError: AzureException - The response was filtered/);
  });

  it('takes the model from the path, slashes and all, over the body', async () => {
    await post({ messages: MESSAGES, model: 'azure-gpt' }, {}, '/openai/deployments/gpt/chat/completions?api-version=2024-02-01');
    expect(test.written.settled[0]?.record.model).toBe('gpt');
    await post({ messages: MESSAGES }, {}, '/engines/any/fixed;in=5/chat/completions');
    expect(JSON.parse(provider.requests[1]?.body.toString() ?? '')).toEqual({ messages: MESSAGES, model: 'fixed;in=5' });
    expect(test.written.settled[1]?.record.usage?.input).toBe(5);
  });

  it('answers aliases and reasoning models', async () => {
    expect((await post({ model: 'short-name', messages: MESSAGES })).status).toBe(200);
    await post({ model: 'o3', messages: MESSAGES, max_tokens: 5 });
    expect(JSON.parse(provider.requests[1]?.body.toString() ?? '')).toMatchObject({ model: 'o3-mini', max_completion_tokens: 5 });
  });

  it('shows an unknown price as unknown and prices by the answered model when it can', async () => {
    const response = await post({ model: 'no-price', messages: MESSAGES });
    expect(test.written.settled[0]?.record.cost ?? 'unknown').not.toBe('0');
    expect(response.status).toBe(200);
  });

  it('estimates and flags usage that the upstream did not send or sent broken', async () => {
    for (const mode of ['fixed;usage=never', 'fixed;usage=broken']) {
      provider.script(mode);
      await post({ model: 'gpt', messages: MESSAGES });
      expect(test.written.settled.at(-1)?.record).toMatchObject({ usageEstimated: true, outcome: 'success' });
      expect(test.written.settled.at(-1)?.record.usage?.output).toBeGreaterThan(5);
    }
  });

  it('answers embeddings', async () => {
    const response = await post({ model: 'gpt', input: 'text' }, {}, '/v1/embeddings');
    expect(await response.json()).toMatchObject({ object: 'list', usage: { prompt_tokens: 9 } });
    expect(test.written.settled[0]?.record).toMatchObject({ endpoint: 'embeddings', usage: { input: 9, output: 0 } });
  });

  it('answers the demo without a network, in Japanese, streaming too, and a mock_response of the body', async () => {
    const answer = (await (await post({ model: 'demo', messages: MESSAGES })).json()) as {
      choices: { message: { content: string } }[];
      usage: { total_tokens: number };
    };
    expect(answer.choices[0]?.message.content).toBe('こんにちは、世界');
    expect(answer.usage.total_tokens).toBeGreaterThan(1);
    const stream = await (await post({ model: 'demo', messages: MESSAGES, stream: true })).text();
    expect(stream.endsWith('data: [DONE]\n\n')).toBe(true);
    const mocked = (await (await post({ model: 'gpt', messages: MESSAGES, mock_response: 'mocked' })).json()) as typeof answer;
    expect(mocked.choices[0]?.message.content).toBe('mocked');
    expect(provider.requests).toHaveLength(0);
  });
});

describe('keys and limits', () => {
  it('reads every carrier in its order', async () => {
    for (const name of ['x-litellm-api-key', 'api-key', 'x-api-key', 'x-goog-api-key', 'ocp-apim-subscription-key']) {
      const response = await fetch(`${test.url}/v1/models`, { headers: { [name]: 'sk-user' } });
      expect([name, response.status]).toEqual([name, 200]);
      await response.arrayBuffer();
    }
    const mixed = await fetch(`${test.url}/v1/models`, { headers: { 'x-litellm-api-key': 'Bearer sk-user', authorization: 'Bearer upstream-token' } });
    expect(mixed.status).toBe(200);
    await mixed.arrayBuffer();
  });

  it('refuses no key, a malformed, an unknown, a blocked and an expired key without echoing it', async () => {
    test.key('sk-blocked', { blocked: true });
    test.key('sk-expired', { expiresAtMs: Date.now() - 1000 });
    const cases: [Record<string, string>, number, string][] = [
      [{ authorization: '' }, 401, 'No api key passed in'],
      [{ authorization: 'sk-user' }, 401, 'Malformed API Key'],
      [{ authorization: "Bearer sk-unknown' OR 1=1 --" }, 401, 'Invalid proxy server token passed'],
      [{ authorization: 'Bearer sk-blocked' }, 401, 'blocked'],
      [{ authorization: 'Bearer sk-expired' }, 400, 'Expired Key'],
    ];
    for (const [headers, status, text] of cases) {
      const response = await post({ model: 'gpt', messages: MESSAGES }, headers);
      const error = await errorOf(response);
      expect([response.status, error.code]).toEqual([status, String(status)]);
      expect(error.message).toContain(text);
      expect(error.message).not.toContain('sk-unknown');
    }
    expect(provider.requests).toHaveLength(0);
    expect(test.written.settled).toHaveLength(0);
  });

  it('keeps a key to its models, also through aliases and wildcards; the master key passes all', async () => {
    test.key('sk-one', { models: ['gpt'] });
    const allowed = await post({ model: 'short-name', messages: MESSAGES }, { authorization: 'Bearer sk-one' });
    expect(allowed.status).toBe(200);
    const denied = await post({ model: 'demo', messages: MESSAGES }, { authorization: 'Bearer sk-one' });
    expect(denied.status).toBe(401);
    expect((await errorOf(denied)).type).toBe('key_model_access_denied');
    expect((await post({ model: 'demo', messages: MESSAGES }, { authorization: `Bearer ${MASTER_KEY}` })).status).toBe(200);
    test.key('sk-wild', { models: ['any/*'] });
    expect((await post({ model: 'any/fixed', messages: MESSAGES }, { authorization: 'Bearer sk-wild' })).status).toBe(200);
    const list = (await (await fetch(`${test.url}/v1/models`, { headers: { authorization: 'Bearer sk-one' } })).json()) as { data: { id: string }[] };
    expect(list.data.map((model) => model.id)).toEqual(['gpt', 'short-name']);
    expect((await fetch(`${test.url}/v1/models/demo`, { headers: { authorization: 'Bearer sk-one' } })).status).toBe(404);
  });

  it('limits requests, parallel calls and tokens', async () => {
    await minuteWithRoom();
    test.key('sk-rpm', { rpmLimit: 2 });
    const statuses = [];
    for (let index = 0; index < 3; index++) statuses.push((await post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-rpm' })).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-rpm' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('rate_limit_type')).toBe('requests');
    test.key('sk-parallel', { maxParallelRequests: 1 });
    provider.script('fixed;delay=100');
    const both = await Promise.all([1, 2].map(() => post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-parallel' })));
    expect(both.map((response) => response.status).sort()).toEqual([200, 429]);
    expect((await post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-parallel' })).status).toBe(200);
    await minuteWithRoom();
    test.key('sk-tpm', { tpmLimit: 20 });
    expect((await post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-tpm' })).status).toBe(200);
    expect((await post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-tpm' })).status).toBe(429);
  });

  it('admits 50 concurrent calls of a budget for about one, and no call over budget', async () => {
    test.key('sk-poor', { maxBudgetPicos: 40_000_000n });
    provider.script('fixed;delay=500');
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await post({ model: 'gpt', messages: MESSAGES, max_tokens: 50 }, { authorization: 'Bearer sk-poor' })).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    const spent = await post({ model: 'gpt', messages: MESSAGES, max_tokens: 50 }, { authorization: 'Bearer sk-poor' });
    expect(spent.status).toBe(200);
    const refused = await post({ model: 'gpt', messages: MESSAGES }, { authorization: 'Bearer sk-poor' });
    expect(refused.status).toBe(400);
    expect(await errorOf(refused)).toMatchObject({
      type: 'budget_exceeded',
      message: expect.stringMatching(/^Budget has been exceeded! .*Current cost: 0\.000066, Max budget: 0\.00004$/),
    });
  });

  it('gives bytes, places and reservations back', () => {
    expect(test.gateway.state()).toMatchObject({ callsInFlight: 0, bytesInFlight: 0 });
    expect(test.metricsText()).toContain('genai_gateway_calls_total{endpoint="chat",model="gpt",status="200"}');
  });
});
