// Media, comments and annotation queues by the Langfuse clients against a started process: what is inside a data URI comes back from where it was sent.
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
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const dataUri = `data:image/png;base64,${PIXEL}`;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform?.stop());

const traceOf = (id: string) =>
  eventually(`trace ${id}`, async () => {
    const found = await observe(platform, `/api/public/traces/${id}`);
    const body = found.body as unknown as { input: unknown; observations: { input: unknown }[] };
    return found.status === 200 && JSON.stringify(body).includes('@@@langfuseMedia') ? body : null;
  });

/** The content that the first reference of a text leads to. */
async function contentOf(text: string): Promise<Buffer> {
  const id = /id=([\w-]+)/.exec(text)?.[1];
  const stored = await eventually(`the medium ${id}`, async () => {
    const found = await observe(platform, `/api/public/media/${id}`);
    return found.status === 200 ? found.body : null;
  });
  const fetched = await fetch(String(stored.url));
  expect(fetched.headers.get('content-disposition')).toContain('attachment');
  return Buffer.from(await fetched.arrayBuffer());
}

describe('media', () => {
  it('of langfuse 3.x are sent to our own door and fetched from it', async () => {
    const client = new Langfuse({ ...options(), flushAt: 1 });
    const root = client.trace({ name: 'picture', input: { image: dataUri } });
    await client.shutdownAsync();
    const stored = await traceOf(root.id);
    expect(await contentOf(JSON.stringify(stored.input))).toEqual(Buffer.from(PIXEL, 'base64'));
    const resolved = (await client.resolveMediaReferences({ obj: stored.input, resolveWith: 'base64DataUri' } as never)) as { image: string };
    expect(resolved.image).toBe(dataUri);
  });

  it('of @langfuse/otel 5.x too', async () => {
    const processor = new LangfuseSpanProcessor({ ...options(), exportMode: 'immediate' });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    const span = startObservation('look', { input: [{ type: 'image_url', image_url: { url: dataUri } }] });
    span.end();
    await processor.forceFlush();
    await provider.shutdown();
    trace.disable();
    const stored = await traceOf(span.traceId);
    expect(await contentOf(JSON.stringify(stored.observations[0]?.input))).toEqual(Buffer.from(PIXEL, 'base64'));
  });
});

describe('people’s work', () => {
  it('comments on traces and puts them into queues', async () => {
    const old = new Langfuse({ ...options(), flushAt: 1 });
    const root = old.trace({ name: 'to be annotated' });
    await old.shutdownAsync();
    await eventually('the trace', async () => (await observe(platform, `/api/public/traces/${root.id}`)).status === 200);
    const client = new LangfuseClient(options());
    const projectId = (await client.api.projects.get()).data[0]?.id ?? '';
    const { id } = await client.api.comments.create({ projectId, objectType: 'TRACE', objectId: root.id, content: '確認しました' });
    expect((await client.api.comments.getById(id)).content).toBe('確認しました');
    await expect(client.api.comments.create({ projectId, objectType: 'TRACE', objectId: 'absent', content: 'x' })).rejects.toMatchObject({ statusCode: 404 });

    const config = await client.api.scoreConfigs.create({ name: 'ok', dataType: 'BOOLEAN' });
    const queue = await client.api.annotationQueues.createQueue({ name: 'review', scoreConfigIds: [config.id] });
    const item = await client.api.annotationQueues.createQueueItem(queue.id, { objectId: root.id, objectType: 'TRACE' });
    expect((await client.api.annotationQueues.updateQueueItem(queue.id, item.id, { status: 'COMPLETED' })).completedAt).not.toBeNull();
    expect((await client.api.annotationQueues.listQueueItems(queue.id, { status: 'COMPLETED' })).data).toHaveLength(1);
    expect((await client.api.annotationQueues.deleteQueueItem(queue.id, item.id)).success).toBe(true);
    const measured = await client.api.metrics.metrics({
      query: JSON.stringify({
        view: 'observations',
        metrics: [{ measure: 'count', aggregation: 'count' }],
        fromTimestamp: '2026-01-01T00:00:00Z',
        toTimestamp: '2100-01-01T00:00:00Z',
      }),
    });
    expect(Number(measured.data[0]?.count_count)).toBeGreaterThan(0);
  });
});
