// OpenAI's official client with stored responses against a started process: of a model that has chats only, and of one whose upstream keeps them; in the background too,
// counted once, also after a kill -9 with nobody asking.
import { createHash } from 'node:crypto';
import OpenAI, { NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

let upstream: FakeProvider;
let platform: Platform;
let folder: string;
let openai: OpenAI;
let stranger: OpenAI;
beforeAll(async () => {
  upstream = await startFakeProvider();
  folder = temporaryFolder();
  platform = await startPlatform({ config: gatewayConfig(upstream.url), folder });
  [openai, stranger] = [clientOf(await generateKey(platform)), clientOf(await generateKey(platform))];
});
afterAll(async () => {
  await platform?.stop();
  await upstream?.close();
  removeFolder(folder);
});
const clientOf = (apiKey: string) => new OpenAI({ baseURL: `${platform.gatewayUrl}/v1`, apiKey, maxRetries: 0 });

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
    if (model === 'groq-llama') await expect(responses.create({ model, input: 'x', background: true })).rejects.toThrow(/501.*background/);
  });
  it('are not kept when the client says so', async () => {
    const { id } = await openai.responses.create({ model, input: 'x', store: false });
    await expect(openai.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
  });
});

/** 9 tokens in at 0.0000015, 12 out at 0.000002. */
const COST = 9 * 0.0000015 + 12 * 0.000002;
interface SpendRow {
  request_id: string;
  spend: number;
  status: string;
  prompt_tokens: number;
  completion_tokens: number;
}
const rowsOf = async (key: string): Promise<SpendRow[]> => {
  const hash = createHash('sha256').update(key).digest('hex');
  const rows = (await call(`${platform.gatewayUrl}/spend/logs`, { key: platform.keys.masterKey })).body as unknown as (SpendRow & { api_key: string })[];
  return rows.filter((row) => row.api_key === hash);
};
const counted = async (key: string): Promise<SpendRow> => {
  const settled = async (): Promise<SpendRow | null> => {
    const [row] = await rowsOf(key);
    return row !== undefined && row.status === 'success' && Math.abs(row.spend - COST) < 1e-9 ? row : null;
  };
  return await eventually('it is counted', settled, 60_000);
};

describe('a response in the background', () => {
  it('is begun, asked for until it has ended, cancelled and deleted by its owner alone, and costs what it used, once', async () => {
    const key = await generateKey(platform, { max_budget: 1 });
    const { responses } = clientOf(key);
    upstream.responses.held = true;
    const begun = await responses.create({ model: 'priced', input: 'think about it', background: true });
    expect([begun.status, begun.background]).toEqual(['queued', true]);
    await expect(stranger.responses.retrieve(begun.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(stranger.responses.cancel(begun.id)).rejects.toBeInstanceOf(NotFoundError);
    expect((await responses.retrieve(begun.id)).status).toBe('in_progress');
    const [open] = await rowsOf(key);
    expect(open?.spend).toBeGreaterThan(0);
    upstream.responses.held = false;
    const done = await eventually('it is completed', async () => {
      const response = await responses.retrieve(begun.id);
      return response.status === 'completed' ? response : null;
    });
    expect(done.output_text).toBe('turn 1');
    const row = await counted(key);
    expect(row).toMatchObject({ prompt_tokens: 9, completion_tokens: 12 });
    expect(await rowsOf(key)).toHaveLength(1);
    const trace = await eventually('its trace', async () => {
      const found = await observe(platform, `/api/public/traces/${row.request_id.replaceAll('-', '')}`);
      return found.status === 200 && (found.body.observations as unknown as unknown[]).length > 0 ? found.body : null;
    });
    const [generation] = trace.observations as unknown as Record<string, unknown>[];
    expect(generation).toMatchObject({ type: 'GENERATION', usage: { input: 9, output: 12 } });
    expect([JSON.stringify(generation?.input), JSON.stringify(generation?.output)]).toEqual([
      expect.stringContaining('think about it'),
      expect.stringContaining('turn 1'),
    ]);
    await responses.delete(begun.id);
    await expect(responses.retrieve(begun.id)).rejects.toBeInstanceOf(NotFoundError);

    upstream.responses.held = true;
    const stopped = await responses.create({ model: 'priced', input: 'never mind', background: true });
    expect((await responses.cancel(stopped.id)).status).toBe('cancelled');
  });

  it('is streamed, left in the middle and taken up again by its owner alone, and costs what it used, once', async () => {
    const key = await generateKey(platform);
    const { responses } = clientOf(key);
    upstream.responses.held = true;
    const stream = await responses.create({ model: 'priced', input: 'think about it', background: true, stream: true });
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      break;
    }
    stream.controller.abort();
    await expect(stranger.responses.retrieve(id, { stream: true })).rejects.toBeInstanceOf(NotFoundError);
    upstream.responses.held = false;
    const types: string[] = [];
    for await (const event of await responses.retrieve(id, { stream: true, starting_after: 0 })) types.push(event.type);
    expect([types[0], types.at(-1)]).toEqual(['response.output_item.added', 'response.completed']);
    await counted(key);
    expect(await rowsOf(key)).toHaveLength(1);
  });

  it('whose gateway was killed is looked after by the next one with nobody asking, and counted once', async () => {
    const key = await generateKey(platform);
    upstream.responses.held = true;
    const stream = await clientOf(key).responses.create({ model: 'priced', input: 'x', background: true, stream: true });
    for await (const _ of stream) break;
    await platform.crash();
    upstream.responses.held = false;
    platform = await startPlatform({ config: gatewayConfig(upstream.url), folder });
    await counted(key);
    expect(await rowsOf(key)).toHaveLength(1);
    expect((await call(`${platform.gatewayUrl}/key/info`, { key })).body.info).toMatchObject({ spend: expect.closeTo(COST, 9) });
  });
});
