// How long an uploaded sound plays: exactly for PCM in a WAV file, from the container's own head for the other forms, unknown where it does not say.
/** Milliseconds; null = not known. */
export interface SoundLength {
  /** What the file says. */
  readonly ms: number | null;
  /** No decoder can hear more than this in it; known for PCM alone, whose bytes are its length. */
  readonly mostMs: number | null;
}

const UNKNOWN: SoundLength = { ms: null, mostMs: null };
const LONGEST_MS = 100 * 3_600_000;

/** Reads it. Never rejects: what cannot be read has no known length. */
export async function soundLength(bytes: Buffer, contentType: string | null): Promise<SoundLength> {
  const wave = waveLength(bytes);
  if (wave !== null) return wave;
  try {
    const { parseBuffer } = await import('music-metadata');
    const options = { skipCovers: true, skipPostHeaders: true, includeChapters: false };
    const { format } = await parseBuffer(bytes, { size: bytes.length, ...(contentType === null ? {} : { mimeType: contentType }) }, options);
    const seconds = format.duration ?? (format.bitrate ? (bytes.length * 8) / format.bitrate : Number.NaN);
    const ms = Math.round(seconds * 1000);
    return ms > 0 && ms < LONGEST_MS ? { ms, mostMs: null } : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

/** Uncompressed: 1 = integers, 3 = floats, 0xfffe = one of both by a longer name. */
const PCM = new Set([1, 3, 0xfffe]);

/** A RIFF file of PCM; null for any other file. */
export function waveLength(bytes: Buffer): SoundLength | null {
  if (bytes.length < 44 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') return null;
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (name === 'fmt ' && at + 24 <= bytes.length) rate = byteRate(bytes, at + 8);
    if (name === 'data') {
      if (rate === 0) return null;
      // A size of nothing or of more than there is means: to the end (streamed files).
      const rest = bytes.length - at - 8;
      const sound = size === 0 || size > rest ? rest : size;
      return { ms: Math.round((sound / rate) * 1000), mostMs: Math.ceil((bytes.length / rate) * 1000) };
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

/** From what a decoder goes by; the rate that the head states besides may be wrong. */
function byteRate(bytes: Buffer, at: number): number {
  const channels = bytes.readUInt16LE(at + 2);
  const samplesPerSecond = bytes.readUInt32LE(at + 4);
  const bits = bytes.readUInt16LE(at + 14);
  return PCM.has(bytes.readUInt16LE(at)) && bits % 8 === 0 ? (channels * samplesPerSecond * bits) / 8 : 0;
}
