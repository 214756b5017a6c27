// The smallest real call to a deployment of pictures or sound, for health checks: one picture, a word to speak, half a second of silence to hear.
import type { Endpoint } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';

export interface SmallestCall {
  readonly endpoint: Endpoint;
  readonly bytes: Buffer;
  readonly contentType: string;
}

const BOUNDARY = 'genai-health-check';

/** Null for deployments of anything else. */
export function smallestMediaCall({ mode, upstreamModel: model }: Deployment): SmallestCall | null {
  if (mode === 'audio_speech')
    return { endpoint: 'speech', bytes: Buffer.from(JSON.stringify({ model, input: 'ping', voice: 'alloy' })), contentType: 'application/json' };
  if (mode === 'image_generation') {
    // What else there is refuses a quality that it does not know.
    const cheap = /^gpt-image/.test(model) ? { quality: 'low' } : {};
    return { endpoint: 'image-generations', bytes: Buffer.from(JSON.stringify({ model, prompt: 'a dot', n: 1, ...cheap })), contentType: 'application/json' };
  }
  if (mode !== 'audio_transcription') return null;
  const field = (disposition: string): string => `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}`;
  const head = `${field('name="model"')}\r\n\r\n${model}\r\n${field('name="file"; filename="silence.wav"')}\r\nContent-Type: audio/wav\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), silence(), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
  return { endpoint: 'transcriptions', bytes, contentType: `multipart/form-data; boundary=${BOUNDARY}` };
}

/** Half a second of PCM, 8 kHz, 16 bits, one channel. */
function silence(): Buffer {
  const rate = 8_000;
  const sound = Buffer.alloc(rate);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + sound.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(sound.length, 40);
  return Buffer.concat([head, sound]);
}
