// The scanner gives back every part, wherever the body is cut, and faults on nothing but what is broken.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { boundaryOf, MultipartScanner, namesOf } from './multipart.ts';

interface Part {
  headers: Record<string, string>;
  content: Buffer;
}

function scan(boundary: string, body: Buffer, cuts: readonly number[]): Part[] {
  const parts: Part[] = [];
  const scanner = new MultipartScanner(boundary, {
    part: (headers) => void parts.push({ headers: Object.fromEntries(headers), content: Buffer.alloc(0) }),
    data(bytes) {
      const last = parts.at(-1) as Part;
      last.content = Buffer.concat([last.content, bytes]);
    },
    partEnd: () => {},
  });
  const places = [...new Set([0, ...cuts.map((cut) => cut % (body.length + 1)), body.length])].sort((one, two) => one - two);
  for (let index = 1; index < places.length; index++) scanner.write(body.subarray(places[index - 1], places[index]));
  scanner.end();
  return parts;
}

const bodyOf = (boundary: string, contents: readonly Uint8Array[]) =>
  Buffer.concat([
    ...contents.flatMap((content, index) => [
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="f${index}"\r\n\r\n`),
      content,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);

/** Bytes that often look like the beginning of a delimiter. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.constantFrom('\r', '\n', '-', '--', '\r\n--', '\r\n--bo', 'x'), { maxLength: 40 }).map((texts) => Buffer.from(texts.join(''))),
);

describe('a multipart body', () => {
  it('is read the same wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(), { maxLength: 30 }), (contents, cuts) => {
        const parts = scan('boundary42', bodyOf('boundary42', contents), cuts);
        expect(parts.map((part) => part.content.toString('hex'))).toEqual(contents.map((bytes) => Buffer.from(bytes).toString('hex')));
        expect(parts.map(({ headers }) => namesOf(new Map(Object.entries(headers))).field)).toEqual(contents.map((_, index) => `f${index}`));
      }),
    );
  });
  it('of any bytes is read or refused with 400, never otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 10 }), (bytes, cuts) => {
        const body = Buffer.concat([Buffer.from('--b'), bytes]);
        try {
          scan('b', body, cuts);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).status).toBe(400);
        }
      }),
    );
  });
  it('is refused when it ends early, has too many parts, or a header that is none', () => {
    const whole = bodyOf('b', [Buffer.from('x')]);
    expect(() => scan('b', whole.subarray(0, -6), [])).toThrow(/last boundary/);
    expect(() =>
      scan(
        'b',
        bodyOf(
          'b',
          Array.from({ length: 101 }, () => Buffer.from('')),
        ),
        [],
      ),
    ).toThrow(/100 parts/);
    expect(() => scan('b', Buffer.from('--b\r\nno header\r\n\r\nx\r\n--b--'), [])).toThrow(/no name/);
    expect(() => scan('b', Buffer.from(`--b\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), [])).toThrow(/too long/);
  });
});

describe('the names around it', () => {
  it('are read from the content type and from the part, quoted or not', () => {
    expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc');
    expect(boundaryOf('multipart/form-data; charset=utf-8; boundary="a b"')).toBe('a b');
    for (const wrong of [undefined, 'application/json', 'multipart/form-data', `multipart/form-data; boundary=${'x'.repeat(71)}`.replace('boundary', 'b')])
      expect(() => boundaryOf(wrong)).toThrow(/multipart/);
    const headers = new Map([['content-disposition', 'form-data; name="file"; filename="a \\"b\\" %22c%22.jsonl"']]);
    expect(namesOf(headers)).toEqual({ field: 'file', file: 'a "b" "c".jsonl' });
    expect(namesOf(new Map([['content-disposition', 'form-data; filename=a.txt; name=file']]))).toEqual({ field: 'file', file: 'a.txt' });
    expect(namesOf(new Map())).toEqual({ field: null, file: null });
  });
});
