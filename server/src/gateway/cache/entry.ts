// A kept answer as bytes: how long its head is, the head as JSON, the answer as it went to the client.
import type { CallUsage } from '#call-record.ts';
import { isFields, parsed } from '#lib/json.ts';

export interface EntryHead {
  readonly keptAtMs: number;
  readonly format: 'json' | 'sse';
  readonly contentType: string;
  readonly usage: CallUsage;
  readonly deploymentId: string;
  readonly provider: string;
  readonly upstreamModel: string;
}

export interface Entry {
  readonly head: EntryHead;
  readonly answer: Buffer;
}

export function packEntry({ head, answer }: Entry): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, answer]);
}

/** Null for bytes that are no entry: such a one is as none. */
export function unpackEntry(bytes: Buffer): Entry | null {
  if (bytes.length < 4) return null;
  const end = 4 + bytes.readUInt32BE(0);
  if (end > bytes.length) return null;
  const head = parsed(bytes.toString('utf8', 4, end));
  if (!isFields(head) || typeof head.keptAtMs !== 'number' || (head.format !== 'json' && head.format !== 'sse') || !isFields(head.usage)) return null;
  if (typeof head.contentType !== 'string' || typeof head.deploymentId !== 'string') return null;
  return { head: head as unknown as EntryHead, answer: bytes.subarray(end) };
}
