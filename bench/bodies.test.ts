// The bench's bodies are valid and exactly as long as they are called.
import { expect, it } from 'vitest';
import { chatBody } from './bodies.ts';
import { ingestionBatch } from './events.ts';

it('makes valid requests of the size asked for', () => {
  for (const sizeBytes of [1024, 32 * 1024, 128 * 1024]) {
    for (const stream of ['none', 'burst', 'paced'] as const) {
      const body = chatBody(sizeBytes, stream);
      expect(body.byteLength).toBe(sizeBytes);
      expect(JSON.parse(String(body))).toMatchObject({ model: 'bench', user: `bench-${stream}`, ...(stream === 'none' ? {} : { stream: true }) });
    }
  }
});

it('makes batches whose events belong together', () => {
  const batch = ingestionBatch(100);
  const { batch: events } = JSON.parse(String(batch.body)) as { batch: { type: string; body: { id: string; traceId?: string } }[] };
  expect(events).toHaveLength(100);
  expect(events[1]?.body.traceId).toBe(events[0]?.body.id);
  expect(new Set(batch.traceIds).size).toBe(50);
});
