// Official clients, configuration changes, strict budgets, proxies and drains through a real listening gateway.
import { readFileSync } from 'node:fs';
import { createServer as createHttp, request as httpRequest, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import OpenAI, { AzureOpenAI } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../../../e2e/fake-provider/fake-provider.ts';
import { CONFIG, DEPLOYMENT, startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

let provider: FakeProvider;
let test: TestGateway;
beforeAll(async () => {
  provider = await startFakeProvider();
  test = await startTestGateway({
    deployments: [
      { ...DEPLOYMENT, apiBase: `${provider.url}/v1`, modelName: 'gpt-4o-mini' },
      { ...DEPLOYMENT, id: 'embed', apiBase: `${provider.url}/v1`, modelName: 'embed' },
    ],
  });
  test.key('sk-user');
});
afterAll(async () => {
  await test.close();
  await provider.close();
});
beforeEach(() => {
  provider.reset();
  test.written.settled.length = 0;
});

const MESSAGES = [{ role: 'user' as const, content: 'こんにちは' }];

describe('official OpenAI clients', () => {
  const clients = () => ({
    OpenAI: new OpenAI({ apiKey: 'sk-user', baseURL: `${test.url}/v1`, maxRetries: 0 }),
    AzureOpenAI: new AzureOpenAI({ apiKey: 'sk-user', endpoint: test.url, apiVersion: '2024-10-21', maxRetries: 0 }),
  });

  it.each(['OpenAI', 'AzureOpenAI'] as const)('%s: completion, stream with usage, embeddings, errors', async (name) => {
    const client = clients()[name];
    const completion = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: MESSAGES });
    expect(completion.choices[0]?.message.content).toContain('fake provider');
    expect(completion.usage?.total_tokens).toBe(21);
    provider.script('sse;text=ja;split=3');
    const stream = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: MESSAGES, stream: true, stream_options: { include_usage: true } });
    let text = '';
    let tokens = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      tokens = chunk.usage?.total_tokens ?? tokens;
    }
    expect([text, tokens]).toEqual(['こんにちは！これはテストの応答です。🎌', 21]);
    const embedding = await client.embeddings.create({ model: 'embed', input: 'text', encoding_format: 'float' });
    expect(embedding.data[0]?.embedding).toHaveLength(8);
    await expect(client.chat.completions.create({ model: 'nope', messages: MESSAGES })).rejects.toMatchObject({ status: 400 });
    provider.script('rate-limit;form=seconds');
    await expect(client.chat.completions.create({ model: 'gpt-4o-mini', messages: MESSAGES })).rejects.toMatchObject({ status: 429 });
    provider.script('sse;cut=4');
    const cut = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: MESSAGES, stream: true });
    await expect(
      (async () => {
        for await (const _chunk of cut);
      })(),
    ).rejects.toThrow(/litellm\.APIConnectionError/);
  });
});

describe('strict budgets', () => {
  it('never exceed: what cannot be bounded or paid is refused, and the sum stays below the maximum', async () => {
    const strict = await startTestGateway({ budgetMode: 'strict', deployments: [{ ...DEPLOYMENT, apiBase: `${provider.url}/v1` }] });
    const maxPicos = 1_000_000_000n;
    strict.key('sk-strict', { maxBudgetPicos: maxPicos });
    const post = (body: object) =>
      fetch(`${strict.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'gpt', messages: MESSAGES, ...body }),
        headers: { authorization: 'Bearer sk-strict' },
      });
    const unbounded = await post({ max_tokens: 5, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }] });
    expect([unbounded.status, await unbounded.text()]).toEqual([400, expect.stringContaining('no upper bound')]);
    const statuses: number[] = [];
    for (let round = 0; round < 12; round++)
      statuses.push(...(await Promise.all(Array.from({ length: 6 }, async () => (await post({ max_tokens: 12 })).status))));
    const [{ record } = { record: null }] = strict.written.settled;
    const spent = strict.deps.budgets.spentPicos(`key:${record?.path.keyId}`);
    expect(statuses).toContain(200);
    expect(statuses).toContain(400);
    expect(spent).toBeGreaterThan(0n);
    expect(spent).toBeLessThanOrEqual(maxPicos);
    await strict.close();
  });
});

describe('configuration changes and the end', () => {
  it('a call keeps the configuration it began with; old connections close when the last such call ends', async () => {
    const other = await startFakeProvider();
    const own = await startTestGateway({ deployments: [{ ...DEPLOYMENT, apiBase: `${provider.url}/v1` }] });
    own.key('sk-user');
    const ask = () =>
      fetch(`${own.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'gpt', messages: MESSAGES }),
        headers: { authorization: 'Bearer sk-user' },
      });
    provider.script('fixed;delay=200');
    const slow = ask();
    while (provider.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    let swapped = false;
    const swap = own.gateway.swapConfig({ ...CONFIG, deployments: [{ ...DEPLOYMENT, apiBase: `${other.url}/v1` }] }).then(() => {
      swapped = true;
    });
    expect((await ask()).status).toBe(200);
    expect(other.requests).toHaveLength(1);
    expect(swapped).toBe(false);
    expect((await slow).status).toBe(200);
    await swap;
    await own.close();
    await other.close();
  });

  it('a configuration that cannot be used leaves the old one in place', async () => {
    const bad = { ...CONFIG, deployments: [{ ...DEPLOYMENT, apiBase: 'https://x.example/v1', sslVerify: '/does/not/exist.pem' }] };
    await expect(test.gateway.swapConfig(bad)).rejects.toThrow('/does/not/exist.pem');
    expect(test.gateway.state().deployments.map((deployment) => deployment.modelName)).toContain('gpt-4o-mini');
  });

  it('drains: answers in flight finish, connections close, new ones are not accepted', async () => {
    const own = await startTestGateway({ deployments: [{ ...DEPLOYMENT, apiBase: `${provider.url}/v1` }] });
    own.key('sk-user');
    provider.script('sse;deltas=20;pace=10');
    const response = await fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt', messages: MESSAGES, stream: true }),
      headers: { authorization: 'Bearer sk-user' },
    });
    const drained = own.door.drain(5_000);
    expect((await response.text()).endsWith('[DONE]\n\n')).toBe(true);
    expect(await drained).toBe(0);
    await expect(fetch(`${own.url}/v1/models`)).rejects.toThrow();
    await own.gateway.drain();
    expect(own.gateway.state()).toMatchObject({ draining: true, callsInFlight: 0, bytesInFlight: 0 });
  });
});

describe('a proxy', () => {
  let proxy: Server;
  const tunnels: string[] = [];
  const forwarded: string[] = [];
  beforeAll(async () => {
    proxy = createHttp((request, response) => {
      forwarded.push(request.url ?? '');
      const { headers, method } = request;
      request.pipe(
        httpRequest(request.url ?? '', { method: method ?? 'GET', headers }, (answer) =>
          answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)),
        ),
      );
    });
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host ?? '', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise<void>((resolve) => proxy.close(() => resolve()) && proxy.closeAllConnections()));

  const address = () => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  async function statusThrough(own: TestGateway): Promise<number> {
    own.key('sk-user');
    const response = await fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt', messages: MESSAGES }),
      headers: { authorization: 'Bearer sk-user' },
    });
    await response.arrayBuffer();
    await own.close();
    return response.status;
  }

  it('forwards plain http, except to hosts that NO_PROXY names', async () => {
    const deployments = [{ ...DEPLOYMENT, apiBase: `${provider.url}/v1` }];
    const network = { httpProxy: address(), httpsProxy: address() };
    expect(await statusThrough(await startTestGateway({ deployments }, {}, network))).toBe(200);
    expect(forwarded).toEqual([`${provider.url}/v1/chat/completions`]);
    expect(await statusThrough(await startTestGateway({ deployments }, {}, { ...network, noProxy: ['127.0.0.1'] }))).toBe(200);
    expect(forwarded).toHaveLength(1);
  });

  it('tunnels https by CONNECT, trusting an authority of its own, and nobody else’s', async () => {
    const file = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
    const secure = createHttps({ key: readFileSync(file('test-server.key.pem')), cert: readFileSync(file('test-server.pem')) }, (request, response) => {
      request.resume().on('end', () => response.end('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'));
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const origin = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
    const deployment = { ...DEPLOYMENT, apiBase: `https://${origin}/v1` };
    const network = { httpsProxy: address() };
    expect(await statusThrough(await startTestGateway({ deployments: [deployment] }, {}, { ...network, extraCaFile: file('test-authority.pem') }))).toBe(200);
    expect(tunnels).toEqual([origin]);
    expect(await statusThrough(await startTestGateway({ deployments: [{ ...deployment, sslVerify: file('test-authority.pem') }] }, {}, network))).toBe(200);
    expect(await statusThrough(await startTestGateway({ deployments: [{ ...deployment, sslVerify: false }] }, {}, network))).toBe(200);
    expect(await statusThrough(await startTestGateway({ deployments: [deployment] }, {}, network))).toBe(500);
    expect(await statusThrough(await startTestGateway({ deployments: [deployment] }, {}, { extraCaFile: file('test-authority.pem') }))).toBe(200);
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  });
});
