// For tests: real WAV files of PCM, made as they are needed, and forms as the clients of OpenAI send them.

/** A tone of so many milliseconds: 16 bits, one channel. */
export function wave(ms: number, samplesPerSecond = 8_000): Buffer {
  const sound = Buffer.alloc(Math.round((samplesPerSecond * ms) / 1000) * 2);
  for (let at = 0; at < sound.length; at += 2) sound.writeInt16LE(Math.round(8_000 * Math.sin(at / 20)), at);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + sound.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(samplesPerSecond, 24);
  head.writeUInt32LE(samplesPerSecond * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(sound.length, 40);
  return Buffer.concat([head, sound]);
}

export type TestPart = readonly [name: string, value: string | Buffer, filename?: string];

/** The bytes of a form. */
export function formBytes(parts: readonly TestPart[], boundary = 'test-boundary'): Buffer {
  const pieces = parts.flatMap(([name, value, filename]) => {
    const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: audio/wav`;
    return [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`), Buffer.from(value), Buffer.from('\r\n')];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}
