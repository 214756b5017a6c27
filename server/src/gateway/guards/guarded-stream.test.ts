import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallGuards } from './call-guards.ts';
import type { Detector } from './finding.ts';
import type { Guard } from './guard.ts';
import { HoldingStream, MaskingStream } from './guarded-stream.ts';
import { personalDetector } from './personal-data.ts';
import { secretDetector } from './secrets.ts';

const emails = personalDetector('EMAIL_ADDRESS') as Detector;
const phones = personalDetector('PHONE_NUMBER') as Detector;
const guard = (masks: Detector, blocks: Detector = () => []): Guard => ({ name: 'g', stream: { masks, blocks } }) as unknown as Guard;
const report = { streamed: () => {} } as unknown as CallGuards;

const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const stream = (pieces: readonly string[]): string =>
  `${event({ role: 'assistant' })}${pieces.map((content) => event({ content })).join('')}${event({}, 'stop')}data: [DONE]\n\n`;

/** The text of what leaves, fed in pieces of bytes. */
function through(masking: MaskingStream, text: string, sizes: readonly number[]): string {
  const bytes = Buffer.from(text);
  let out = '';
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    out += masking.push(bytes.subarray(at, at + size))?.toString() ?? '';
    at += size;
  }
  return out + (masking.end()?.toString() ?? '');
}

function said(out: string): string {
  return [...out.matchAll(/^data: (\{.*)$/gm)]
    .map(([, json]) => (JSON.parse(json as string) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '')
    .join('');
}

describe('a stream through masks', () => {
  it('says the same as the whole text masked, however it is cut', () => {
    const word = fc.constantFrom('Hello ', 'mail taro@example.com now. ', 'call 090-1234-5678. ', '日本語のテキスト。', 'x'.repeat(90), ' ', '03-1234-5678');
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 60 }),
        (words, cuts, bytes) => {
          const text = words.join(' ');
          const pieces: string[] = [];
          for (let at = 0, turn = 0; at < text.length; turn += 1) {
            const size = cuts[turn % cuts.length] as number;
            pieces.push(text.slice(at, at + size));
            at += size;
          }
          const out = through(new MaskingStream([guard((one) => [...emails(one), ...phones(one)])], report), stream(pieces), [bytes]);
          expect(out).not.toContain('taro@example.com');
          expect(said(out)).toBe(text.replaceAll('taro@example.com', '<EMAIL_ADDRESS>').replaceAll(/090-1234-5678|03-1234-5678/g, '<PHONE_NUMBER>'));
          expect(out.trimEnd().endsWith('data: [DONE]')).toBe(true);
          expect(out.indexOf('"stop"')).toBeGreaterThan(out.lastIndexOf('"content"'));
        },
      ),
    );
  });

  it('lets text go on before the end', () => {
    const masking = new MaskingStream([guard(emails)], report);
    const first = masking.push(Buffer.from(event({ content: 'a long beginning of an answer '.repeat(10) })));
    expect(said(first?.toString() ?? '').length).toBeGreaterThan(200);
  });

  it('ends where something is blocked, and nothing of it has left', () => {
    const masking = new MaskingStream([guard(() => [], secretDetector)], report);
    masking.push(Buffer.from(event({ content: 'the key is AKIAIOSF' })));
    expect(() => masking.push(Buffer.from(event({ content: 'ODNN7EXAMPLE ' })))).toThrow(/Violated guardrail policy/);
  });

  it('masks the events of Messages, Responses and generateContent', () => {
    const masks = () => new MaskingStream([guard(emails)], report);
    const messages = ['ta', 'ro@exa', 'mple.com!']
      .map((text) => `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })}\n\n`)
      .join('');
    const ofMessages = through(masks(), `${messages}event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n`, [5]);
    expect(ofMessages).toContain('<EMAIL_ADDRESS>!');
    expect(ofMessages).toContain('event: content_block_delta');
    const done = { type: 'response.output_text.done', item_id: 'i', content_index: 0, text: 'mail taro@example.com' };
    const completed = {
      type: 'response.completed',
      response: { output: [{ type: 'message', content: [{ type: 'output_text', text: 'mail taro@example.com' }] }] },
    };
    const responses = `data: ${JSON.stringify({ type: 'response.output_text.delta', item_id: 'i', content_index: 0, delta: 'mail taro@example.com' })}\n\ndata: ${JSON.stringify(done)}\n\ndata: ${JSON.stringify(completed)}\n\n`;
    const ofResponses = through(masks(), responses, [9]);
    expect(ofResponses).not.toContain('taro@example.com');
    expect(ofResponses.match(/<EMAIL_ADDRESS>/g)).toHaveLength(3);
    const generate = ['mail taro@exam', 'ple.com']
      .map(
        (text, index) =>
          `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, ...(index === 1 ? { finishReason: 'STOP' } : {}) }] })}\r\n\r\n`,
      )
      .join('');
    expect(through(masks(), generate, [11])).toContain('<EMAIL_ADDRESS>');
  });

  it('passes what is no event of a model, and never faults', () => {
    expect(through(new MaskingStream([guard(emails)], report), ': ping\n\ndata: {"error":{"message":"x"}}\n\n', [3])).toBe(
      ': ping\n\ndata: {"error":{"message":"x"}}\n\n',
    );
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 9 }),
        (text, size) => typeof through(new MaskingStream([guard(emails)], report), text, [size]) === 'string',
      ),
    );
  });
});

describe('a stream that is held', () => {
  const holding = (texts: (texts: readonly string[]) => { texts: readonly string[]; refusal: null }) =>
    new HoldingStream({ texts: async (given: readonly string[]) => texts(given) } as unknown as CallGuards);

  it('leaves at its end as the guards made it', async () => {
    const held = holding((texts) => ({ texts: texts.map((text) => text.toUpperCase()), refusal: null }));
    expect(held.push(Buffer.from(stream(['hel', 'lo'])))).toBeNull();
    expect(said((await held.end()).toString())).toBe('HELLO');
  });

  it('says its whole text once more as the guards made it', async () => {
    const held = holding((texts) => ({ texts: texts.map((text) => text.replaceAll('secret', '<MASKED>')), refusal: null }));
    const events = [
      { type: 'response.output_text.delta', item_id: 'i', content_index: 0, delta: 'a sec' },
      { type: 'response.output_text.delta', item_id: 'i', content_index: 0, delta: 'ret' },
      { type: 'response.output_text.done', item_id: 'i', content_index: 0, text: 'a secret' },
      { type: 'response.completed', response: { output: [{ type: 'message', content: [{ type: 'output_text', text: 'a secret' }] }] } },
      { type: 'transcript.text.done', text: 'a secret' },
    ];
    held.push(Buffer.from(events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')));
    const text = (await held.end()).toString();
    expect(text).not.toContain('secret');
    expect(text.match(/a <MASKED>/g)).toHaveLength(4);
  });

  it('leaves untouched when nothing was changed', async () => {
    const held = holding((texts) => ({ texts, refusal: null }));
    held.push(Buffer.from(stream(['hel', 'lo'])));
    expect((await held.end()).toString()).toBe(stream(['hel', 'lo']));
  });
});
