// Databricks through the conformance suite, and what only it has: content with reasoning in it, service principals, addresses of workspaces.
import { describe, expect, it } from 'vitest';
import { describeProvider, type Said } from '#gateway/providers/conformance.ts';
import { providerOf } from '#gateway/providers/registry.ts';
import { type Seen, startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { DEPLOYMENT, MASTER_KEY, startTestGateway } from '#gateway/test-gateway-fixture.ts';
import { type Fields, fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import type { Deployment } from '#settings/settings.ts';
import { databricksWire } from './wire.ts';

const usage = ({ usage: { input, cached, output } }: Said) => ({
  prompt_tokens: input + cached,
  completion_tokens: output,
  total_tokens: input + cached + output,
  prompt_tokens_details: { cached_tokens: cached },
});
const toolCalls = (said: Said) =>
  said.calls?.map(({ id, name, input }, index) => ({ index, id, type: 'function', function: { name, arguments: JSON.stringify(input) } }));
const thought = (text: string, signature?: string) => ({ type: 'reasoning', summary: [{ type: 'summary_text', text, ...(signature ? { signature } : {}) }] });

function frames(said: Said): string[] {
  const base = { id: 'msg_1', object: 'chat.completion.chunk', created: 1, model: 'claude' };
  const frame = (delta: object, finish: string | null = null, more: object = {}) =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
  return [
    frame({ role: 'assistant', content: '' }),
    ...(said.thinking?.text ?? []).map((text) => frame({ content: [thought(text)] })),
    ...(said.thinking ? [frame({ content: [thought('', said.thinking.signature)] })] : []),
    ...(said.text ?? []).map((text, index) => frame({ content: index === 0 ? [{ type: 'text', text }] : text })),
    ...(toolCalls(said) ?? []).map((call) => frame({ tool_calls: [call] })),
    frame({}, said.stop, { usage: usage(said) }),
    'data: [DONE]\n\n',
  ];
}

describeProvider({
  name: 'databricks',
  deployment: (url) => ({ provider: 'databricks', providerName: 'databricks', upstreamModel: 'databricks-claude-sonnet-4', apiKey: 'dapi', apiBase: url }),
  cannot: { cacheWrites: true },
  spoken: {
    whole(said) {
      const parts = [
        ...(said.thinking ? [thought(said.thinking.text.join(''), said.thinking.signature)] : []),
        ...(said.text ? [{ type: 'text', text: said.text.join('') }] : []),
      ];
      const message = { role: 'assistant', content: said.thinking ? parts : (said.text?.join('') ?? null), tool_calls: toolCalls(said) };
      return JSON.stringify({
        id: 'msg_1',
        object: 'chat.completion',
        created: 1,
        model: 'claude',
        choices: [{ index: 0, message, finish_reason: said.stop }],
        usage: usage(said),
      });
    },
    frames,
    error: (_status, message) => JSON.stringify({ error_code: 'REQUEST_LIMIT_EXCEEDED', message }),
    failedFrames: (message) => [`data: ${JSON.stringify({ error: { message, code: 503 } })}\n\n`],
  },
  understood({ body }: Seen) {
    const messages = objectsOf(body.messages);
    const parts = messages.flatMap((message) => (message.role === 'user' ? objectsOf(message.content) : []));
    const first = messages[0]?.content;
    return {
      system:
        typeof first === 'string'
          ? first
          : objectsOf(first)
              .map((part) => textOf(part.text))
              .join(''),
      texts: parts.filter((part) => part.type === 'text').map((part) => textOf(part.text)),
      tools: objectsOf(body.tools).map((tool) => textOf(fieldsOf(tool.function).name)),
      maxTokens: Number(body.max_tokens ?? body.max_completion_tokens),
      pictures: parts.filter((part) => part.type === 'image_url').map((part) => /^data:([^;]*)/.exec(textOf(fieldsOf(part.image_url).url))?.[1] ?? ''),
      results: messages
        .filter((message) => message.role === 'tool')
        .map((message) =>
          typeof message.content === 'string'
            ? message.content
            : objectsOf(message.content)
                .map(({ text }) => textOf(text))
                .join(''),
        ),
      toolChoice: textOf(body.tool_choice),
    };
  },
});

const deployment = (more: Partial<Deployment> = {}): Deployment => ({
  ...DEPLOYMENT,
  provider: 'databricks',
  providerName: 'databricks',
  apiBase: 'https://ws.example',
  ...more,
});
const upstream = (more: Partial<Deployment> = {}) => providerOf(deployment(more)).upstream(deployment(more), false);
const FACTS: WireFacts = { deployment: DEPLOYMENT, model: 'm', stream: false, dropParams: false, id: 'chatcmpl-1', nowSeconds: 1 };

describe('Databricks', () => {
  it('is addressed by workspace, with or without the folder, or by one endpoint', () => {
    expect(upstream().path('chat', 'm')).toBe('/serving-endpoints/chat/completions');
    expect(upstream({ apiBase: 'https://ws.example/serving-endpoints' }).path('embeddings', 'm')).toBe('/serving-endpoints/embeddings');
    const one = '/serving-endpoints/mine/invocations';
    expect(upstream({ apiBase: `https://ws.example${one}` }).path('chat', 'm')).toBe(one);
    expect(() => upstream({ apiKey: null })).toThrow('DATABRICKS_API_KEY');
    expect(() => upstream({ apiBase: null })).toThrow('api_base');
  });
  it('takes thinking back as content', () => {
    const blocks = [{ type: 'thinking', thinking: 'hm', signature: 's' }];
    const { body } = databricksWire({ messages: [{ role: 'assistant', content: 'ok', thinking_blocks: blocks, reasoning_content: 'hm' }] as Fields[] }, FACTS);
    expect(body.messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm', signature: 's' }] },
          { type: 'text', text: 'ok' },
        ],
      },
    ]);
  });
  it('is called with a service principal’s token, got once', async () => {
    const server = await startScriptedUpstream();
    const cloud = { databricks_client_id: 'id', databricks_client_secret: 'secret' };
    const test = await startTestGateway({ deployments: [deployment({ modelName: 'm', apiKey: null, cloud, apiBase: server.url })] });
    const answer = { pieces: ['{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}'] };
    const ask = () =>
      fetch(`${test.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${MASTER_KEY}` }, body: '{"model":"m","messages":[]}' });
    server.script({ pieces: ['{"access_token":"oauth-token","expires_in":3600}'] }, answer, answer);
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
    expect(server.seen.map(({ path }) => path)).toEqual(['/oidc/v1/token', '/serving-endpoints/chat/completions', '/serving-endpoints/chat/completions']);
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('id:secret').toString('base64')}`);
    expect(server.seen[1]?.headers.authorization).toBe('Bearer oauth-token');
    await test.close();
    const refused = await startTestGateway({
      deployments: [deployment({ modelName: 'm', apiKey: null, cloud: { ...cloud, databricks_client_secret: 'another' }, apiBase: server.url })],
    });
    server.script({ status: 401, pieces: ['{"error":"invalid_client"}'] });
    const told = await fetch(`${refused.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${MASTER_KEY}` },
      body: '{"model":"m","messages":[]}',
    });
    expect([told.status, await told.text()]).toEqual([401, expect.stringContaining('DATABRICKS_CLIENT_SECRET')]);
    await refused.close();
    await server.close();
  });
});
