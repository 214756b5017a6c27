// Base64 in recorded content: what becomes a reference, what stays, and that every other byte is as it was.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractMedia } from './extract.ts';
import { mediaIdOf } from './media-id.ts';

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(90, 7)]);
const WAV = Buffer.concat([Buffer.from('RIFF....WAVEfmt '), Buffer.alloc(80, 9)]);
const base64 = (bytes: Buffer) => bytes.toString('base64');
const uri = (type: string, bytes: Buffer) => `data:${type};base64,${base64(bytes)}`;
const idOf = (bytes: Buffer) => mediaIdOf(createHash('sha256').update(bytes).digest('base64'));
const reference = (type: string, bytes: Buffer) => `@@@langfuseMedia:type=${type}|id=${idOf(bytes)}|source=base64_data_uri@@@`;
const json = (value: unknown) => JSON.stringify(value);

describe('media in content', () => {
  it('are data URIs wherever they stand: alone, in a text, in JSON inside of a text, with parameters and escaped slashes', () => {
    const content = [
      { type: 'image_url', image_url: { url: uri('image/png', PNG) } },
      `see ![picture](${uri('image/png', PNG)}) and ${uri('audio/webm;codecs=opus', WAV)}.`,
      json({ nested: json({ url: uri('image/png', PNG) }) }),
      { type: 'file', file: { filename: 'a.pdf', file_data: uri('application/pdf', WAV) } },
    ];
    const { text, media } = extractMedia(json(content), true);
    expect(JSON.parse(text)).toEqual([
      { type: 'image_url', image_url: { url: reference('image/png', PNG) } },
      `see ![picture](${reference('image/png', PNG)}) and ${reference('audio/webm', WAV)}.`,
      json({ nested: json({ url: reference('image/png', PNG) }) }),
      { type: 'file', file: { filename: 'a.pdf', file_data: reference('application/pdf', WAV) } },
    ]);
    // The same bytes are one medium, of the type that came first.
    expect(media.map(({ contentType, bytes }) => [contentType, bytes])).toEqual([
      ['image/png', PNG],
      ['audio/webm', WAV],
    ]);
    expect(extractMedia(json(uri('image/png', PNG)).replaceAll('/', '\\/'), true).text).toBe(json(reference('image/png', PNG)));
  });

  it('are the inline parts of OpenAI, Anthropic, Gemini and the AI SDK', () => {
    const parts: [unknown, string, Buffer][] = [
      [{ type: 'input_audio', input_audio: { data: base64(WAV), format: 'wav' } }, 'audio/wav', WAV],
      [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(PNG) } }, 'image/png', PNG],
      [{ source: { data: base64(PNG), media_type: 'image/png' } }, 'image/png', PNG],
      [{ parts: [{ inlineData: { mimeType: 'audio/wav', data: base64(WAV) } }] }, 'audio/wav', WAV],
      [{ inline_data: { mime_type: 'image/png', data: base64(PNG) } }, 'image/png', PNG],
      [{ type: 'file', mediaType: 'image/png', data: base64(PNG) }, 'image/png', PNG],
      [{ message: { audio: { id: 'a', data: base64(WAV), transcript: 't' } } }, 'audio/wav', WAV],
      [{ data: [{ b64_json: base64(PNG) }] }, 'image/png', PNG],
      [{ output: [{ type: 'image_generation_call', result: base64(PNG) }] }, 'image/png', PNG],
    ];
    for (const [part, type, bytes] of parts) {
      for (const indent of [0, 2]) {
        const before = JSON.stringify(part, null, indent);
        const { text, media } = extractMedia(before, true);
        expect(text).toBe(before.replace(base64(bytes), reference(type, bytes)));
        expect(media).toEqual([{ id: idOf(bytes), contentType: type, sha256Base64: createHash('sha256').update(bytes).digest('base64'), bytes }]);
      }
    }
  });

  it('stay where they are: tokens of an SDK, texts, unknown types, what was cut, addresses, and base64 of which nothing says a type', () => {
    for (const content of [
      reference('image/png', PNG),
      uri('text/plain', PNG),
      uri('application/json', PNG),
      uri('application/x-unknown', PNG),
      `${uri('image/png', PNG)}... (truncated)`,
      'data:image/png;base64,',
      'data:image/svg+xml,<svg/>',
      { source: { type: 'url', url: 'https://example.com/a.png' } },
      { media_type: 'image/png', data: 'https://example.com/picture-that-is-longer-than-sixty-four-characters-altogether.png?x=1' },
      { data: base64(PNG) },
      { audio: { data: base64(Buffer.alloc(90, 1)) } },
      { input_audio: { data: base64(WAV), format: 'pcm16' } },
      { result: base64(PNG) },
    ]) {
      const text = json(content);
      expect(extractMedia(text, true)).toEqual({ text, media: [] });
    }
  });

  it('are at most a hundred of one text; the rest stays', () => {
    const many = Array.from({ length: 130 }, (_, index) => uri('image/png', Buffer.from(`picture ${index}`)));
    const { text, media } = extractMedia(json(many), true);
    expect(media).toHaveLength(100);
    expect((JSON.parse(text) as string[]).filter((member) => member.startsWith('data:'))).toEqual(many.slice(100));
  });

  it('of many megabytes are found without a deep stack', () => {
    const large = Buffer.alloc(12 << 20, 5);
    expect(extractMedia(json({ a: uri('image/png', large), b: [{ inlineData: { mimeType: 'image/png', data: base64(large) } }] }), true).media).toHaveLength(1);
  });
});

describe('extraction', () => {
  const part = fc.uint8Array({ minLength: 60, maxLength: 120 }).map((bytes) => Buffer.from(bytes));
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.double(),
      part.map((bytes) => uri('image/png', bytes)),
      part.map((bytes) => ({ mimeType: 'image/png', data: base64(bytes) })),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('data', 'media_type', 'type', 'audio')), tie('value'), { maxKeys: 4 }),
    ),
  })).value;

  it('changes nothing but what it takes out, and putting that back gives the content as it came', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (content, indent) => {
        const before = JSON.stringify(content, null, indent);
        const { text, media } = extractMedia(before, true);
        expect(() => JSON.parse(text)).not.toThrow();
        const bytesOf = new Map(media.map(({ id, bytes }) => [id, bytes]));
        let back = '';
        let from = 0;
        for (const token of text.matchAll(/@@@langfuseMedia:type=([^|]+)\|id=([\w-]{22})\|source=base64_data_uri@@@/g)) {
          back += text.slice(from, token.index);
          const bytes = bytesOf.get(token[2] as string) as Buffer;
          // A data URI goes back whole, a part only its base64.
          back += before.startsWith('data:', back.length) ? uri(token[1] as string, bytes) : base64(bytes);
          from = token.index + token[0].length;
        }
        back += text.slice(from);
        expect(back).toBe(before);
        // Again: nothing is left to be taken out, and nothing changes.
        expect(extractMedia(text, true)).toEqual({ text, media: [] });
      }),
      { numRuns: 500 },
    );
  });

  it('ends on any text', () => {
    const pieces = fc.constantFrom(
      'data:image/png;base64,',
      '{"data":"',
      'A'.repeat(70),
      '"',
      '\\',
      '/',
      '\\/',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"media_type":"image/png"',
      '=',
      '…',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 30 }).map((some) => some.join('')),
        ),
        fc.boolean(),
        (text, isJson) => {
          const extracted = extractMedia(text, isJson);
          if (extracted.media.length === 0) expect(extracted.text).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});
