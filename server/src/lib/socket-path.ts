// Where a Unix socket of a data folder lies: in the folder, or in a short private folder when the path would pass the kernel's limit.
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included. */
const MAX_PATH_BYTES = 103;

/** The path of the socket `name` of a data folder; the same for every process that asks. The caller makes the parent folder (0700). */
export function socketPath(dataDir: string, name: string): string {
  const inside = join(resolve(dataDir), name);
  if (Buffer.byteLength(inside) <= MAX_PATH_BYTES) return inside;
  const digest = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16);
  return join(tmpdir(), `genai-${digest}`, name);
}
