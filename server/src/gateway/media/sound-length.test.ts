// How long a sound plays: exact for WAV, from the container for others, unknown for what says nothing, and never an error.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { soundLength, waveLength } from './sound-length.ts';
import { wave } from './wave-fixture.ts';

/** MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame of 26.12 ms. */
function mp3(frames: number): Buffer {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xff_fb_90_c4, 0);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

describe('the length of a sound', () => {
  it('of PCM in a WAV file is exact, and so is its most', async () => {
    expect(await soundLength(wave(1_500), 'audio/wav')).toEqual({ ms: 1_500, mostMs: 1_503 });
    expect(waveLength(wave(250, 48_000))).toEqual({ ms: 250, mostMs: 251 });
    const streamed = wave(1_000);
    streamed.writeUInt32LE(0xffff_ffff, 40);
    expect(waveLength(streamed)?.ms).toBe(1_000);
    // The stated byte rate is nothing that a decoder goes by.
    const lying = wave(1_000);
    lying.writeUInt32LE(1_000_000, 28);
    expect(waveLength(lying)).toEqual({ ms: 1_000, mostMs: 1_003 });
  });
  it('of an MP3 file is what its frames say, and has no most', async () => {
    const { ms, mostMs } = await soundLength(mp3(400), 'audio/mpeg');
    expect(mostMs).toBeNull();
    expect(Math.abs((ms as number) - 10_449)).toBeLessThan(300);
  });
  it('is unknown for what is no sound, and never an error', async () => {
    expect(await soundLength(Buffer.from('no sound at all'), null)).toEqual({ ms: null, mostMs: null });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc
        .tuple(fc.constantFrom('RIFF', 'OggS', 'fLaC', 'ID3', '\u001aE\u00df\u00a3', '    ftypM4A '), fc.uint8Array({ maxLength: 300 }))
        .map(([head, rest]) => Buffer.concat([Buffer.from(head, 'latin1'), rest])),
      fc.tuple(fc.nat(80), fc.integer({ min: 0, max: 255 })).map(([at, value]) => {
        const bent = wave(20);
        bent[at] = value;
        return bent;
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(null, 'audio/wav', 'audio/mpeg', 'audio/ogg', 'video/mp4', 'x'), async (raw, type) => {
        const { ms, mostMs } = await soundLength(Buffer.from(raw), type);
        if (ms !== null) expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
        if (mostMs !== null) expect(mostMs).toBeGreaterThanOrEqual(ms as number);
      }),
    );
  });
});
