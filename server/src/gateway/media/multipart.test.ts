// The multipart scanner: every part where it stands, whatever bytes are in it, and one clear refusal for everything that is no form.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { formJson, formPieces, readForm } from './form.ts';
import { scanForm } from './multipart.ts';
import { formBytes } from './wave-fixture.ts';

const TYPE = 'multipart/form-data; boundary=test-boundary';
const FILE = Buffer.from([0, 255, 13, 10, 45, 45, 254]);
const said = async (bytes: Buffer) => JSON.parse(formJson(await readForm(bytes, TYPE)).toString());

describe('a form', () => {
  it('is found part by part in any order, with files as what is known of them', async () => {
    const parts = [
      ['file', FILE, 'a "b".wav'.replaceAll('"', '%22')],
      ['model', 'whisper'],
      ['stream', 'true'],
      ['temperature', '0.5'],
      ['x[]', 'a'],
      ['x[]', 'b'],
    ] as const;
    const sha256 = createHash('sha256').update(FILE).digest('hex');
    const file = { filename: 'a "b".wav', content_type: 'audio/wav', bytes: FILE.length, sha256 };
    expect(await said(formBytes(parts))).toEqual({ file, model: 'whisper', stream: true, temperature: 0.5, 'x[]': ['a', 'b'] });
    expect(await said(formBytes([...parts].reverse()))).toMatchObject({ file, model: 'whisper', 'x[]': ['b', 'a'] });
  });
  it('keeps metadata as the object that it is', async () => {
    expect(
      await said(
        formBytes([
          ['metadata', '{"tags":["a"]}'],
          ['model', 'm'],
        ]),
      ),
    ).toEqual({ metadata: { tags: ['a'] }, model: 'm' });
  });
  it('may hold a text that begins like its boundary, an empty value, and spaces after a boundary', async () => {
    const value = 'x\r\n--test-boundary-but-not-quite\r\ny';
    expect(
      await said(
        formBytes([
          ['a', value],
          ['b', ''],
        ]),
      ),
    ).toEqual({ a: value, b: '' });
    const spaced = Buffer.from(`--test-boundary \t\r\nContent-Disposition: form-data; name="a"\r\n\r\nz\r\n--test-boundary--`);
    expect(await said(spaced)).toEqual({ a: 'z' });
  });
  it('is refused with one clear 400 when it is cut, nameless, encoded, doubled or no form at all', async () => {
    const whole = formBytes([
      ['model', 'm'],
      ['file', FILE, 'f.wav'],
    ]);
    for (const cut of [0, 5, 20, 80, whole.length - 20, whole.length - 5])
      await expect(readForm(whole.subarray(0, cut), TYPE)).rejects.toMatchObject({ status: 400 });
    const refused = async (text: string, type = TYPE) => await expect(readForm(Buffer.from(text), type)).rejects.toMatchObject({ status: 400 });
    await refused('--test-boundary\r\nContent-Disposition: form-data\r\n\r\nx\r\n--test-boundary--');
    await refused('--test-boundary\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--test-boundary--');
    await refused(
      formBytes([
        ['model', 'a'],
        ['model', 'b'],
      ]).toString(),
    );
    await refused('{"model":"m"}', 'application/json');
    await refused('{"model":"m"}', '');
    await refused(whole.toString('latin1'), 'multipart/form-data');
  });
  it('is refused or read for any bytes under any content type, and never anything else', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(fc.constantFrom('--b', '--', '\r\n', '\n', 'Content-Disposition: form-data; name="', '"', 'a', '; filename="', 'Content-Type: x', '\0', 'ü'), {
          maxLength: 30,
        })
        .map((texts) => Buffer.from(texts.join(''))),
    );
    const type = fc.oneof(
      fc.constant('multipart/form-data; boundary=b'),
      fc.string().map((text) => `multipart/form-data; boundary=${text}`),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(bytes, type, async (raw, contentType) => {
        try {
          JSON.parse(formJson(await readForm(Buffer.from(raw), contentType)).toString());
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).status).toBe(400);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a form on its way on', () => {
  const name = fc.stringMatching(/^[a-z]{1,6}$/);
  const form = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 40 }), fc.boolean()), { selector: ([key]) => key, maxLength: 6 });
  const withoutBoundary = (parts: [string, Uint8Array, boolean][]) => parts.every(([, value]) => !Buffer.from(value).includes('--test-boundary'));
  it('is the same bytes when nothing changes, and differs in the changed field alone when one does', async () => {
    await fc.assert(
      fc.asyncProperty(form.filter(withoutBoundary), async (parts) => {
        const bytes = formBytes(parts.map(([key, value, isFile]) => [key, Buffer.from(value), ...(isFile ? ['f.bin'] : [])] as [string, Buffer, string?]));
        const read = await readForm(bytes, TYPE);
        const json = JSON.parse(formJson(read).toString()) as Record<string, unknown>;
        const now = (key: string) => json[key];
        expect(Buffer.concat(formPieces(read, { set: new Map(), drop: new Set(), now })).equals(bytes)).toBe(true);
        const changed = Buffer.concat(formPieces(read, { set: new Map([['model', 'upstream "ü"']]), drop: new Set(['metadata']), now }));
        const again = scanForm(changed, TYPE);
        const values = new Map(again.parts.map((part) => [part.name, changed.subarray(part.valueStart, part.valueEnd).toString('latin1')]));
        expect(values.get('model')).toBe(Buffer.from('upstream "ü"').toString('latin1'));
        for (const [key, value] of parts) if (key !== 'model' && key !== 'metadata') expect(values.get(key)).toBe(Buffer.from(value).toString('latin1'));
      }),
    );
  });
  it('takes what a guard put in the place of a text, also in a list', async () => {
    const read = await readForm(
      formBytes([
        ['prompt', 'secret'],
        ['x[]', 'one'],
        ['x[]', 'two'],
        ['file', FILE, 'f.wav'],
      ]),
      TYPE,
    );
    const masked: Record<string, unknown> = { prompt: '<MASKED>', 'x[]': ['one', '<MASKED>'] };
    const sent = Buffer.concat(formPieces(read, { set: new Map(), drop: new Set(), now: (key) => masked[key] }));
    expect(
      sent.equals(
        formBytes([
          ['prompt', '<MASKED>'],
          ['x[]', 'one'],
          ['x[]', '<MASKED>'],
          ['file', FILE, 'f.wav'],
        ]),
      ),
    ).toBe(true);
  });
});
