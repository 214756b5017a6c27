import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameEnd, lastFrame, lastFrameEnd } from './sse.ts';

/** What the next blank line's end is by a search for text, whatever its line breaks. */
function slowFrameEnd(text: string, start: number): number {
  const ends = ['\n\n', '\n\r\n'].map((blank) => ({ at: text.indexOf(blank, start), length: blank.length })).filter(({ at }) => at >= 0);
  const first = ends.sort((a, b) => a.at - b.at)[0];
  return first === undefined ? -1 : first.at + first.length;
}

describe('frames of an event stream', () => {
  const soup = fc.array(fc.constantFrom('\n', '\r', '\r\n', 'data: ', 'x', '\n\n', '\r\n\r\n'), { maxLength: 30 }).map((pieces) => pieces.join(''));

  it('end at their first blank line, whatever its line breaks', () => {
    fc.assert(
      fc.property(soup, fc.nat(40), (text, start) => {
        expect(frameEnd(Buffer.from(text), start)).toBe(slowFrameEnd(text, start));
      }),
    );
  });

  it('tell the last of a whole stream apart, however many came before and however lines end', () => {
    const frame = fc.array(fc.constantFrom('event: a', 'data: {"x":1}', 'data: y', ': comment', 'id: 7'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), fc.constantFrom('\n', '\r\n'), (frames, line) => {
        const texts = frames.map((lines) => lines.join(line) + line + line);
        const bytes = Buffer.from(texts.join(''));
        expect(lastFrame(bytes).toString()).toBe(texts.at(-1));
        expect(lastFrameEnd(bytes)).toBe(bytes.length);
      }),
    );
  });
});
