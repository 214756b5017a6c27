// Ingestion events of the bench as a Langfuse SDK sends them: traces with a generation each, about 1 KB an event.
import { randomUUID } from 'node:crypto';

const TEXT = '問い合わせへの回答を作成してください。 Please summarise the following report for the "board". '.repeat(6);

export interface Batch {
  body: Buffer;
  traceIds: string[];
  events: number;
}

/** A batch of `events` events (an even number: trace-create, generation-create, ...). */
export function ingestionBatch(events: number): Batch {
  const batch: object[] = [];
  const traceIds: string[] = [];
  while (batch.length < events) {
    const now = Date.now();
    const traceId = randomUUID();
    traceIds.push(traceId);
    batch.push(
      {
        id: randomUUID(),
        type: 'trace-create',
        timestamp: new Date(now).toISOString(),
        body: {
          id: traceId,
          timestamp: new Date(now).toISOString(),
          name: 'bench',
          userId: `user-${now % 50}`,
          sessionId: `session-${now % 500}`,
          tags: ['bench'],
          input: TEXT,
        },
      },
      {
        id: randomUUID(),
        type: 'generation-create',
        timestamp: new Date(now).toISOString(),
        body: {
          id: randomUUID(),
          traceId,
          name: 'answer',
          startTime: new Date(now - 900).toISOString(),
          endTime: new Date(now).toISOString(),
          model: 'gpt-4o-mini',
          input: [{ role: 'user', content: TEXT }],
          output: { role: 'assistant', content: TEXT.slice(0, 300) },
          usage: { input: 250, output: 80, total: 330, unit: 'TOKENS' },
          metadata: { tenant: 'a', step: 3 },
        },
      },
    );
  }
  return { body: Buffer.from(JSON.stringify({ batch })), traceIds, events: batch.length };
}
