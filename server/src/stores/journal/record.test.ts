// The record's form: what is written is read back, and no bytes at all make the reader throw or believe.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordEncoder } from './pending.ts';
import { bodyIsWhole, partsOf, readFrame, recordBytes } from './record.ts';

const fields = fc.record({
  kind: fc.integer({ min: 1, max: 255 }),
  project: fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.toWellFormed()),
  sequence: fc.bigInt({ min: 1n, max: (1n << 63n) - 1n }),
  parts: fc.array(fc.uint8Array({ maxLength: 6_000 }), { minLength: 1, maxLength: 6 }),
});

describe('journal record', () => {
  it('is read back as it was written', () => {
    const encoder = new RecordEncoder();
    fc.assert(
      fc.property(fields, (written) => {
        const { buffers, sizeBytes } = encoder.encode(written);
        const bytes = Buffer.concat(buffers);
        expect(bytes.byteLength).toBe(sizeBytes);
        const answer = readFrame(bytes, 0, bytes.byteLength);
        if (typeof answer === 'string' || 'need' in answer) throw new Error('not read');
        expect(answer.frame).toMatchObject({ kind: written.kind, project: written.project, sequence: written.sequence, sizeBytes });
        expect(bodyIsWhole(bytes, 0, answer.frame)).toBe(true);
        expect(partsOf(bytes, 0, answer.frame, 99).map((part) => part.toString('hex'))).toEqual(written.parts.map((part) => Buffer.from(part).toString('hex')));
      }),
    );
  });

  it('cut off anywhere asks for more bytes and never for less than are there', () => {
    const encoder = new RecordEncoder();
    fc.assert(
      fc.property(fields, fc.nat(), (written, cut) => {
        const bytes = Buffer.concat(encoder.encode(written).buffers);
        const end = cut % bytes.byteLength;
        const answer = readFrame(bytes, 0, end);
        if (typeof answer === 'string') expect(answer).toBe('unreachable');
        else if ('need' in answer) expect(answer.need).toBeGreaterThan(end);
        else expect(end).toBeLessThan(answer.frame.sizeBytes);
      }),
    );
  });

  it('with one bit turned is never believed', () => {
    const encoder = new RecordEncoder();
    fc.assert(
      fc.property(fields, fc.nat(), (written, place) => {
        const bytes = Buffer.concat(encoder.encode(written).buffers);
        const bit = place % (bytes.byteLength * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        const answer = readFrame(bytes, 0, bytes.byteLength);
        if (typeof answer === 'object' && 'frame' in answer) expect(bodyIsWhole(bytes, 0, answer.frame)).toBe(false);
      }),
    );
  });

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(500), (bytes, offset) => {
        readFrame(Buffer.from(bytes), offset, bytes.byteLength);
      }),
    );
  });

  it('refuses what the form cannot hold', () => {
    expect(() => recordBytes([], 0)).toThrow(/1 to 64 parts/);
    expect(() => recordBytes([Buffer.alloc(1)], 70_000)).toThrow(/65,535/);
  });
});
