// Lines come out the same wherever the bytes are cut.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, LineSplitter } from './lines.ts';

function split(text: Buffer, cuts: readonly number[], longest = 1_000): { number: number; text: string }[] {
  const splitter = new LineSplitter(longest);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((one, two) => one - two);
  const lines: Line[] = [];
  for (let index = 1; index < places.length; index++) lines.push(...splitter.write(text.subarray(places[index - 1], places[index])));
  lines.push(...splitter.end());
  return lines.map(({ number, bytes }) => ({ number, text: bytes.toString('latin1') }));
}

/** What lines are, said plainly. */
function expected(text: Buffer): { number: number; text: string }[] {
  return text
    .toString('latin1')
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line.endsWith('\r') ? line.slice(0, -1) : line }))
    .filter((line) => /[^ \t]/.test(line.text));
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.array(fc.constantFrom('\n', '\r\n', '\r', ' ', '{"a":1}', '日本'), { maxLength: 40 }).map((texts) => Buffer.from(texts.join(''))),
);

describe('lines', () => {
  it('are the same wherever the bytes are cut', () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 20 }), (text, cuts) => {
        expect(split(text, cuts)).toEqual(expected(text));
      }),
    );
  });
  it('that are too long are named by their number, and no more than one is held', () => {
    expect(() => split(Buffer.from(`ok\n\n${'x'.repeat(30)}`), [5, 10, 20], 20)).toThrow(/Line 3 is longer than the 20 bytes/);
    expect(split(Buffer.from(`${'x'.repeat(20)}\n${'y'.repeat(20)}`), [7], 20)).toHaveLength(2);
  });
});
