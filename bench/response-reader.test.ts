// The load generator's reader finds the same answers however the bytes are cut.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ResponseReader } from './response-reader.ts';

const STREAM = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
    'HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n3\r\nabc\r\n4;x=1\r\n\r\nde\r\n0\r\n\r\n' +
    'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n' +
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
);

it('reads lengths and chunks, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (cuts) => {
      const answers: string[] = [];
      let current = '';
      const reader = new ResponseReader({
        onHead: (status) => {
          current = `${status}:`;
        },
        onBody: (piece) => {
          current += piece;
        },
        onEnd: () => answers.push(current),
      });
      let at = 0;
      for (const cut of cuts) {
        reader.push(STREAM.subarray(at, at + cut));
        at += cut;
      }
      if (at < STREAM.byteLength) reader.push(STREAM.subarray(at));
      expect(answers).toEqual(['200:hello', '429:abc\r\nde', '200:', '200:ok']);
    }),
  );
});

it('refuses what has no end', () => {
  const reader = new ResponseReader({ onHead: () => {}, onBody: () => {}, onEnd: () => {} });
  expect(() => reader.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('without a length');
  expect(() => reader.push(Buffer.from('SSH-2.0 x\r\n\r\n'))).toThrow('not a final');
});
