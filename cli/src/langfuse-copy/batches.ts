// Events on their way into a Langfuse ingestion route: in batches that it takes, each event named after what it says, so that the same one sent twice is one.
import { createHash } from 'node:crypto';
import type { LangfuseApi } from './api.ts';

export interface IngestEvent {
  id: string;
  type: string;
  timestamp: string;
  body: Record<string, unknown>;
}

/** Under the 3.5 MB that a server of Langfuse takes. */
const MAX_BYTES = 2_500_000;
const MAX_EVENTS = 500;

export function eventOf(type: string, timestamp: string, body: Record<string, unknown>): IngestEvent {
  const id = createHash('sha256')
    .update(JSON.stringify([type, timestamp, body]))
    .digest('hex')
    .slice(0, 36);
  return { id, type, timestamp, body };
}

interface BatchAnswer {
  errors: { id: string; status: number; message?: string; error?: unknown }[];
}

export class Batches {
  readonly #target: LangfuseApi;
  readonly #onRefused: (event: IngestEvent, reason: string) => void;
  #events: IngestEvent[] = [];
  #bytes = 0;

  constructor(target: LangfuseApi, onRefused: (event: IngestEvent, reason: string) => void) {
    this.#target = target;
    this.#onRefused = onRefused;
  }

  async add(event: IngestEvent): Promise<void> {
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (this.#bytes + bytes > MAX_BYTES || this.#events.length >= MAX_EVENTS) await this.flush();
    this.#events.push(event);
    this.#bytes += bytes;
  }

  async flush(): Promise<void> {
    const batch = this.#events;
    if (batch.length === 0) return;
    [this.#events, this.#bytes] = [[], 0];
    const { errors } = await this.#target.send<BatchAnswer>('POST', '/ingestion', { batch });
    for (const { id, status, message } of errors) {
      const event = batch.find((one) => one.id === id);
      if (event !== undefined) this.#onRefused(event, `${status}: ${message ?? 'refused'}`);
    }
  }
}
