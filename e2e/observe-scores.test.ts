// Scores, score configs, sessions and deletion by both generations of the Langfuse clients against a started process.
import { LangfuseClient } from '@langfuse/client';
import { Langfuse } from 'langfuse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
const options = () => ({ publicKey: platform.keys.publicKey, secretKey: platform.keys.secretKey, baseUrl: platform.observeUrl });
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform?.stop());

describe('scores and sessions', () => {
  it('are configured, checked, read by three generations of the API, and deleted', async () => {
    const old = new Langfuse({ ...options(), flushAt: 1 });
    const root = old.trace({ name: 'scored', sessionId: 'chat-1', userId: 'taro' });
    await old.flushAsync();
    const client = new LangfuseClient(options());
    const config = await client.api.scoreConfigs.create({
      name: 'verdict',
      dataType: 'CATEGORICAL',
      categories: [
        { label: 'good', value: 1 },
        { label: 'bad', value: 0 },
      ],
    });
    expect((await client.api.scoreConfigs.get({ limit: 10 })).data.map((item) => item.id)).toEqual([config.id]);
    root.score({ id: 'verdict-1', name: 'verdict', value: 'good', configId: config.id });
    await old.flushAsync();
    const refused = await call(`${platform.observeUrl}/api/public/scores`, {
      basic: [platform.keys.publicKey, platform.keys.secretKey],
      body: { traceId: root.id, name: 'verdict', value: 'unheard of', configId: config.id },
    });
    expect([refused.status, refused.body.error]).toEqual([400, 'InvalidRequestError']);

    const stored = await eventually('the score', async () => {
      const found = await observe(platform, '/api/public/v2/scores/verdict-1');
      return found.status === 200 ? found.body : null;
    });
    expect(stored).toMatchObject({ value: 1, stringValue: 'good', configId: config.id });
    expect((await client.api.scores.getMany({ traceId: root.id })).data).toMatchObject([{ id: 'verdict-1', value: 1, stringValue: 'good' }]);
    const v3 = (await observe(platform, `/api/public/v3/scores?traceId=${root.id}&fields=details,subject`)).body as unknown as { data: unknown[] };
    expect(v3.data).toMatchObject([{ id: 'verdict-1', value: 'good', configId: config.id, subject: { kind: 'trace', id: root.id } }]);
    expect((await client.api.sessions.get('chat-1')).traces.map((item) => item.id)).toEqual([root.id]);
    expect((await client.api.sessions.list({})).data).toMatchObject([{ id: 'chat-1' }]);

    await call(`${platform.observeUrl}/api/public/scores/verdict-1`, { method: 'DELETE', basic: [platform.keys.publicKey, platform.keys.secretKey] });
    expect((await observe(platform, '/api/public/scores/verdict-1')).status).toBe(404);
    await client.api.trace.delete(root.id);
    await expect(client.api.trace.get(root.id)).rejects.toMatchObject({ statusCode: 404 });
    expect((await observe(platform, '/api/public/sessions/chat-1')).status).toBe(404);
    // A client that did not hear of it goes on: nothing of the trace comes back.
    root.update({ output: 'late' });
    const other = old.trace({ name: 'other' });
    await old.shutdownAsync();
    await eventually('the other trace', async () => (await observe(platform, `/api/public/traces/${other.id}`)).status === 200);
    expect((await observe(platform, `/api/public/traces/${root.id}`)).status).toBe(404);
    expect(await client.api.trace.deleteMultiple({ traceIds: [other.id] })).toMatchObject({ message: expect.any(String) });
    expect((await observe(platform, `/api/public/traces/${other.id}`)).status).toBe(404);
  });
});

describe('models', () => {
  it('of a project price usage that came without a cost', async () => {
    const client = new LangfuseClient(options());
    const model = await client.api.models.create({
      modelName: 'house-llm',
      matchPattern: '(?i)^house-llm(-\\d+)?$',
      unit: 'TOKENS',
      inputPrice: 0.001,
      outputPrice: 0.002,
    });
    expect((await client.api.models.list({})).data.map((item) => item.id)).toEqual([model.id]);
    const old = new Langfuse({ ...options(), flushAt: 1 });
    // The engine hears of a new model a moment after it was stored: what was folded before it keeps the price of before.
    const read = await eventually('a trace priced by the model', async () => {
      const root = old.trace({ name: 'priced' });
      root.generation({ name: 'answer', model: 'House-LLM-7', usage: { input: 100, output: 10 } }).end();
      await old.flushAsync();
      const stored = await eventually('the trace', async () => {
        const found = await observe(platform, `/api/public/traces/${root.id}`);
        return found.status === 200 && (found.body.observations as unknown as unknown[]).length === 1 ? found.body : null;
      });
      return Number(stored.totalCost) > 0 ? stored : null;
    });
    await old.shutdownAsync();
    expect(read).toMatchObject({ totalCost: 0.12, observations: [{ modelId: model.id, costDetails: { input: 0.1, output: 0.02, total: 0.12 } }] });
    await client.api.models.delete(model.id);
    await expect(client.api.models.get(model.id)).rejects.toMatchObject({ statusCode: 404 });
  });
});
