// Messages arrive whole and in order, however their bytes are cut on the way.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, frameOf } from './frames.ts';

describe('frames', () => {
  it('arrive as they were sent, wherever the stream is cut', () => {
    const message = fc.record({ value: fc.jsonValue(), parts: fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (messages, cuts) => {
        const bytes = Buffer.concat(messages.flatMap(({ value, parts }) => frameOf(value, parts)));
        const reader = new FrameReader();
        const received = [];
        for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
          const end = at + (cuts[turn % cuts.length] as number);
          received.push(...reader.push(bytes.subarray(at, end)));
          at = end;
        }
        expect(received.map(({ value, body }) => [JSON.stringify(value), body.toString('hex')])).toEqual(
          messages.map(({ value, parts }) => [JSON.stringify(value), Buffer.concat(parts).toString('hex')]),
        );
      }),
    );
  });

  it('refuses what is no stream of messages', () => {
    expect(() => new FrameReader().push(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toThrow(RangeError);
  });
});
