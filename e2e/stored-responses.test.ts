// OpenAI's official client with stored responses against a started process: of a model that has chats only, and of one whose upstream keeps them.
import OpenAI, { NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { type Platform, startPlatform } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
let openai: OpenAI;
let stranger: OpenAI;
beforeAll(async () => {
  upstream = await startFakeProvider();
  platform = await startPlatform({ config: gatewayConfig(upstream.url) });
  const client = async () => new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey: await generateKey(platform), maxRetries: 0 });
  [openai, stranger] = [await client(), await client()];
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
});

describe.each([
  ['groq-llama', 'kept by the gateway'],
  ['gpt-4o-mini', 'kept by the upstream'],
])('responses of %s, %s', (model) => {
  it('are gone on from, whole and streamed, read, listed and deleted by their owner alone', async () => {
    const { responses } = openai;
    const first = await responses.create({ model, input: 'my name is Hanako' });
    expect([first.status, (first as { store?: boolean }).store]).toEqual(['completed', true]);
    const second = await responses.stream({ model, input: 'who am I?', previous_response_id: first.id }).finalResponse();
    expect(second.previous_response_id).toBe(first.id);
    const third = await responses.create({ model, input: 'sure?', previous_response_id: second.id });
    const sent = JSON.parse(upstream.requests.at(-1)?.body.toString('utf8') ?? '{}');
    if (model === 'gpt-4o-mini') expect(sent.previous_response_id).toBe(second.id);
    else expect(sent.messages.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);

    expect((await responses.retrieve(third.id)).output_text).toBe(third.output_text);
    const items = await responses.inputItems.list(third.id);
    expect(JSON.stringify(items.data)).toContain('sure?');
    for (const theirs of [
      () => stranger.responses.retrieve(third.id),
      () => stranger.responses.inputItems.list(third.id),
      () => stranger.responses.delete(third.id),
      () => stranger.responses.create({ model, input: 'x', previous_response_id: third.id }),
      () => responses.retrieve('resp_nobody'),
    ])
      await expect(theirs()).rejects.toBeInstanceOf(NotFoundError);
    await expect(responses.cancel(third.id)).rejects.toThrow(/400/);
    await responses.delete(third.id);
    await expect(responses.retrieve(third.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(responses.create({ model, input: 'x', previous_response_id: third.id })).rejects.toBeInstanceOf(NotFoundError);
    await expect(responses.create({ model, input: 'x', background: true })).rejects.toThrow(/501.*background/);
  });
  it('are not kept when the client says so', async () => {
    const { id } = await openai.responses.create({ model, input: 'x', store: false });
    await expect(openai.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
  });
});
