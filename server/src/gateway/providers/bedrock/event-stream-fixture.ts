// For tests: messages of AWS's event stream, written.
import { crc32 } from 'node:zlib';

/** One message with text headers. */
export function streamMessage(headers: Record<string, string>, payload: string): Buffer {
  const encoded = Object.entries(headers).map(([name, value]) => {
    const head = Buffer.from([Buffer.byteLength(name), ...Buffer.from(name), 7, 0, 0]);
    head.writeUInt16BE(Buffer.byteLength(value), head.length - 2);
    return Buffer.concat([head, Buffer.from(value)]);
  });
  const headerBytes = Buffer.concat(encoded);
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + headerBytes.length + Buffer.byteLength(payload), 0);
  prelude.writeUInt32BE(headerBytes.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const unsummed = Buffer.concat([prelude, headerBytes, Buffer.from(payload)]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(unsummed));
  return Buffer.concat([unsummed, sum]);
}

/** An event of InvokeModelWithResponseStream. */
export function invokeChunk(event: object): Buffer {
  const payload = JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcd' });
  return streamMessage({ ':message-type': 'event', ':event-type': 'chunk', ':content-type': 'application/json' }, payload);
}
