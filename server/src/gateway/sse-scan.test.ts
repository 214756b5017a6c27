// The stream scanner at every cut: same bytes out, whatever the chunks; usage read; [DONE] held.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseScan } from './sse-scan.ts';

const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })}\n\n`;
const FINISH = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n';
const USAGE = 'data: {"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}\n\n';
const DONE = 'data: [DONE]\n\n';

function play(text: string, cuts: number[], cutUsage: boolean) {
  const bytes = Buffer.from(text);
  const scan = new SseScan(cutUsage);
  const out: Buffer[] = [];
  let start = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    const passed = scan.push(bytes.subarray(start, end));
    if (passed !== null) out.push(passed);
    start = end;
  }
  return { scan, out: Buffer.concat(out).toString() };
}

describe('SseScan', () => {
  const body = `${delta('こん"usage":{にちは') + delta('🎌')}: ping\n\n${FINISH}`;

  it('cuts the usage frame, reads it, and holds [DONE], wherever the chunks are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000)), fc.boolean(), (cuts, cutUsage) => {
        const { scan, out } = play(body + USAGE + DONE, cuts, cutUsage);
        expect(out).toBe(cutUsage ? body : body + USAGE);
        expect(scan).toMatchObject({ done: true, finished: true, malformed: false, model: 'm', usage: { prompt_tokens: 9 } });
      }),
    );
  });

  it('keeps CR LF streams as they are', () => {
    const crlf = (body + USAGE + DONE).replaceAll('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.nat(2000)), (cuts) => {
        expect(play(crlf, cuts, true).out).toBe(body.replaceAll('\n', '\r\n'));
      }),
    );
  });

  it('keeps a frame that has both choices and usage', () => {
    const both = 'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage": {"prompt_tokens":1,"completion_tokens":1}}\n\n';
    const { scan, out } = play(both + DONE, [], true);
    expect(out).toBe(both);
    expect(scan.usage).toMatchObject({ prompt_tokens: 1 });
  });

  it('never passes half a frame on, so that an error can follow cleanly', () => {
    const { out, scan } = play(body + delta('cut').slice(0, -10), [], true);
    expect(out).toBe(body);
    expect(scan.midFrame).toBe(false);
  });

  it('passes an oversized frame in pieces and finds its way back', () => {
    const huge = delta('y'.repeat(200_000));
    const cuts = Array.from({ length: 20 }, (_, index) => index * 11_000 + 7);
    const { out, scan } = play(huge + body + USAGE + DONE, cuts, true);
    expect(out).toBe(huge + body);
    expect(scan.done).toBe(true);
  });

  it('takes no other key that ends alike for usage or an end', () => {
    const alike = 'data: {"total_usage":{"prompt_tokens":1},"is_finish_reason":"stop","choices":[]}\n\n';
    const { out, scan } = play(alike, [], true);
    expect(out).toBe(alike);
    expect(scan).toMatchObject({ usage: null, finished: false });
  });

  it('stops before a data frame that is no whole JSON object', () => {
    const { out, scan } = play(`${delta('a')}data: {"choices":[{"delta":\n\n${delta('b')}`, [], true);
    expect(out).toBe(delta('a'));
    expect(scan.malformed).toBe(true);
  });
});
