// The JSON header (parts[0]) of ingestionBatch and otlpTraces records. It stands on disk: fields are added, never renamed.
import { wordOf } from '#lib/json.ts';
import { isObject } from './text.ts';

export interface IngestHeader {
  /** Microseconds since 1970. */
  receivedAtUs: number;
  contentType: string;
  sdk: { name: string; version: string; integration: string };
  /** Indexes of events (or of spans in document order) that the client was told are refused: the fold skips exactly these. */
  refused: number[];
  /** The person whose page sent it; absent for a key. */
  authorUserId?: string;
}

/** The header as bytes. */
export function encodeHeader(header: IngestHeader): Buffer {
  return Buffer.from(JSON.stringify(header));
}

/** The header of a record. @throws SyntaxError when it is none. */
export function decodeHeader(bytes: Buffer): IngestHeader {
  const parsed: unknown = JSON.parse(bytes.toString('utf8'));
  if (!isObject(parsed) || typeof parsed.receivedAtUs !== 'number') throw new SyntaxError('the record has no header');
  const sdk = isObject(parsed.sdk) ? parsed.sdk : {};
  return {
    receivedAtUs: parsed.receivedAtUs,
    contentType: wordOf(parsed.contentType),
    sdk: { name: wordOf(sdk.name), version: wordOf(sdk.version), integration: wordOf(sdk.integration) },
    ...(typeof parsed.authorUserId === 'string' ? { authorUserId: parsed.authorUserId } : {}),
    refused: Array.isArray(parsed.refused) ? parsed.refused.filter((index): index is number => Number.isInteger(index)) : [],
  };
}
