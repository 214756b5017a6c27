// Server-sent events at the level of bytes: where frames end, and how one is written. No decoding: streams pass as they are.

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** OpenAI's end of a stream. */
export const DONE_FRAME = Buffer.from('data: [DONE]\n\n');

/** One `data:` frame with JSON text that has no raw line breaks. */
export function dataFrame(json: string): Buffer {
  return Buffer.from(`data: ${json}\n\n`);
}

/** Position after the last complete frame (its blank line included), or 0 when no frame is complete. Blank lines may be LF LF, LF CR LF or CR LF CR LF. */
export function lastFrameEnd(bytes: Buffer): number {
  const { length } = bytes;
  // Upstreams flush whole frames, so the end is nearly always here.
  if (length >= 2 && bytes[length - 1] === LINE_FEED && (bytes[length - 2] === LINE_FEED || endsWithCrLfBlank(bytes, length))) return length;
  const plain = bytes.lastIndexOf('\n\n');
  const carriage = bytes.lastIndexOf('\n\r\n');
  return Math.max(plain < 0 ? 0 : plain + 2, carriage < 0 ? 0 : carriage + 3);
}

/** The last frame of a whole stream. */
export function lastFrame(bytes: Buffer): Buffer {
  // Without the blank line that ends it.
  return bytes.subarray(lastFrameEnd(bytes.subarray(0, -3)));
}

function endsWithCrLfBlank(bytes: Buffer, end: number): boolean {
  return end >= 3 && bytes[end - 2] === CARRIAGE_RETURN && bytes[end - 3] === LINE_FEED;
}

/** Position after the frame that starts at `start`, or -1 when it is not complete. */
export function frameEnd(bytes: Buffer, start: number): number {
  // A search for one byte costs a tenth of a search for text, and a frame has few lines.
  for (let at = bytes.indexOf(LINE_FEED, start); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
    if (bytes[at + 1] === LINE_FEED) return at + 2;
    if (bytes[at + 1] === CARRIAGE_RETURN && bytes[at + 2] === LINE_FEED) return at + 3;
  }
  return -1;
}

/** End of a frame's last non-blank byte: the frame without its line breaks. */
export function contentEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === LINE_FEED || bytes[at - 1] === CARRIAGE_RETURN)) at--;
  return at;
}

/** The text of a frame's data lines (joined by LF, as the standard says), or null when it has none. */
export function dataOf(frame: string): string | null {
  const lines: string[] = [];
  for (const line of frame.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) lines.push(line.slice(line[5] === ' ' ? 6 : 5));
  }
  return lines.length === 0 ? null : lines.join('\n');
}
