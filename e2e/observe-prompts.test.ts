// Prompts by both generations of the Langfuse clients against a started process: versions, labels, folders, chat, composition, client caches, and the link to generations.
import { LangfuseClient } from '@langfuse/client';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { startObservation } from '@langfuse/tracing';
import { trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { Langfuse } from 'langfuse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
const options = () => ({ publicKey: platform.keys.publicKey, secretKey: platform.keys.secretKey, baseUrl: platform.observeUrl });
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform?.stop());

/** The first generation of a trace, once it is stored. */
const generationOf = (traceId: string) =>
  eventually(`the generation of ${traceId}`, async () => {
    const found = (await observe(platform, `/api/public/observations?traceId=${traceId}&type=GENERATION`)).body as unknown as {
      data: Record<string, unknown>[];
    };
    return found.data?.[0] ?? null;
  });

describe('prompts of langfuse 3.x', () => {
  it('are created, fetched, cached, refreshed behind the cache, relabelled and linked', async () => {
    const client = new Langfuse({ ...options(), flushAt: 1 });
    await client.createPrompt({ name: 'folder/greet', prompt: 'Hello {{name}}', labels: ['production'], config: { temperature: 0.5 }, tags: ['greeting'] });
    const first = await client.getPrompt('folder/greet', undefined, { cacheTtlSeconds: 1 });
    expect([first.version, first.compile({ name: 'Taro' }), first.config, first.tags]).toEqual([1, 'Hello Taro', { temperature: 0.5 }, ['greeting']]);

    await client.createPrompt({ name: 'folder/greet', prompt: 'こんにちは {{name}}', labels: ['production'] });
    // Within its time to live the client does not ask; after it, it answers from the cache and asks behind it.
    expect((await client.getPrompt('folder/greet', undefined, { cacheTtlSeconds: 1 })).version).toBe(1);
    await eventually('the refreshed cache', async () =>
      (await client.getPrompt('folder/greet', undefined, { cacheTtlSeconds: 1 })).version === 2 ? true : null,
    );
    expect((await client.getPrompt('folder/greet', 1)).labels).toEqual([]);
    await client.updatePrompt({ name: 'folder/greet', version: 1, newLabels: ['canary'] });
    expect((await client.getPrompt('folder/greet', undefined, { label: 'canary' })).version).toBe(1);
    const fallback = await client.getPrompt('absent', undefined, { fallback: 'spare', maxRetries: 0 });
    expect(fallback.isFallback).toBe(true);

    const chat = await client.createPrompt({
      name: 'chat',
      type: 'chat',
      prompt: [
        { role: 'system', content: 'Be {{tone}}' },
        { type: 'placeholder', name: 'history' },
      ],
      labels: ['production'],
    });
    expect(chat.compile({ tone: 'kind' }, { history: [{ role: 'user', content: 'hi' }] })).toEqual([
      { role: 'system', content: 'Be kind' },
      { role: 'user', content: 'hi' },
    ]);

    const root = client.trace({ name: 'linked' });
    root.generation({ name: 'answer', prompt: await client.getPrompt('folder/greet', 2) }).end({ output: 'x' });
    await client.shutdownAsync();
    const stored = await observe(platform, `/api/public/v2/prompts/${encodeURIComponent('folder/greet')}?version=2`);
    expect(await generationOf(root.id)).toMatchObject({ promptName: 'folder/greet', promptVersion: 2, promptId: stored.body.id });
  });
});

describe('prompts of @langfuse/client 5.x', () => {
  it('are created, fetched, composed, relabelled, linked and deleted', async () => {
    const client = new LangfuseClient(options());
    await client.prompt.create({ name: 'tone', prompt: 'Be brief.', labels: ['production'] });
    await client.prompt.create({
      name: 'composed',
      prompt: '@@@langfusePrompt:name=tone|label=production@@@ Answer {{question}}',
      labels: ['staging'],
      commitMessage: 'compose',
    });
    const composed = await client.prompt.get('composed', { label: 'staging', type: 'text', cacheTtlSeconds: 0 });
    expect(composed.compile({ question: '天気は？' })).toBe('Be brief. Answer 天気は？');
    expect(composed.commitMessage).toBe('compose');
    await client.prompt.update({ name: 'composed', version: 1, newLabels: ['production'] });
    expect((await client.prompt.get('composed', { cacheTtlSeconds: 0 })).labels).toContain('production');
    const listed = await client.api.prompts.list({ label: 'production' });
    expect(listed.data.map((item) => item.name)).toEqual(expect.arrayContaining(['composed', 'tone']));

    const processor = new LangfuseSpanProcessor({ ...options(), exportMode: 'immediate' });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    const generation = startObservation('answer', { prompt: composed, output: 'x' }, { asType: 'generation' });
    generation.end();
    await processor.forceFlush();
    await provider.shutdown();
    trace.disable();
    const stored = await client.api.prompts.get('composed', { version: 1 });
    expect(await generationOf(generation.traceId)).toMatchObject({
      promptName: 'composed',
      promptVersion: 1,
      promptId: (stored as unknown as { id: string }).id,
    });

    await expect(client.prompt.delete('tone')).rejects.toMatchObject({ statusCode: 409 });
    await client.prompt.delete('composed');
    await client.prompt.delete('tone');
    await expect(client.api.prompts.get('tone')).rejects.toMatchObject({ statusCode: 404 });
  });
});
