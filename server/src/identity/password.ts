// Passwords: scrypt with its parameters beside the hash, so that they can grow later.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** 2^15 x 8 x 128 bytes = 32 MB and some 60 ms a password, in a thread of the pool. */
const COST = { N: 32_768, r: 8, p: 1 };
const KEY_BYTES = 32;
const MAX_MEMORY_BYTES = 96 * 1024 * 1024;

/** `scrypt$N$r$p$salt$key`, the last two in base64url. The password is taken in Unicode's NFKC form. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether the password belongs to the hash; false for anything that is no hash of ours. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const match = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/.exec(hash);
  if (!match) return false;
  const expected = Buffer.from(match[5] as string, 'base64url');
  const options = { N: Number(match[1]), r: Number(match[2]), p: Number(match[3]) };
  const key = await derive(password, Buffer.from(match[4] as string, 'base64url'), options, expected.length).catch(() => null);
  return key !== null && key.length === expected.length && timingSafeEqual(key, expected);
}

/** A password for a person's first login: 20 characters, 119 random bits. */
export function generatePassword(): string {
  return randomBytes(15).toString('base64url');
}

function derive(password: string, salt: Buffer, cost: { N: number; r: number; p: number }, bytes: number = KEY_BYTES): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: MAX_MEMORY_BYTES };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
