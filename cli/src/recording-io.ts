// For tests only: an Io that keeps what a command said.
import { createIo, type Io, type IoMode } from '#io.ts';
import type { Language } from '#message-form.ts';

export interface RecordingIo {
  io: Io;
  out(): string;
  err(): string;
}

export function recordingIo(mode: IoMode = 'human', options: { language?: Language; isTerminal?: boolean } = {}): RecordingIo {
  let out = '';
  let err = '';
  const sink = (take: (text: string) => void): { write(text: string): void; isTTY: boolean; columns: number } => ({
    write: take,
    isTTY: options.isTerminal === true,
    columns: 100,
  });
  const io = createIo({
    mode,
    language: options.language ?? 'en',
    out: sink((text) => {
      out += text;
    }),
    err: sink((text) => {
      err += text;
    }),
    input: null,
  });
  return { io, out: () => out, err: () => err };
}
