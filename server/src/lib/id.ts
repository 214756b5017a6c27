// Identities: a UUIDv7 is the one id of a gateway call. Its 32 hex digits are the W3C trace id, its last 16 the span id, its dashed form `x-litellm-call-id`.
import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let poolOffset = POOL_BYTES;

/** A new UUIDv7 (RFC 9562) as 32 lower-case hex digits without dashes: 48 bits of `nowMs`, 74 random bits. */
export function newCallId(nowMs: number = Date.now()): string {
  if (poolOffset + 10 > POOL_BYTES) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const time = nowMs.toString(16).padStart(12, '0');
  const random = pool.toString('hex', poolOffset, poolOffset + 10);
  poolOffset += 10;
  const variant = ((Number.parseInt(random[3] as string, 16) & 0x3) | 0x8).toString(16);
  return `${time}7${random.slice(0, 3)}${variant}${random.slice(4, 19)}`;
}

/** The dashed form of 32 hex digits: `x-litellm-call-id`. */
export function dashed(id: string): string {
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
}

/** The W3C span id of a call: the last 16 hex digits of its id. */
export function spanIdOf(callId: string): string {
  return callId.slice(16);
}
