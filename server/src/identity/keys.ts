// Makes and recognises keys: virtual keys (sk-…), project pairs (pk-lf-… / sk-lf-…). Only hashes are ever stored.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

/** A new virtual key, its SHA-256 in hex (the record's id) and its name for people (`sk-...XXXX`). The key itself is shown once. */
export function mintVirtualKey(): { key: string; hash: string; name: string } {
  const key = `sk-${randomBytes(16).toString('base64url')}`;
  return { key, hash: hashKey(key), name: keyName(key) };
}

/** The SHA-256 of a key in hex: LiteLLM's `token`, so keys can move between the two. A plain hash is enough for at least 122 random bits. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex');
}

/** LiteLLM's `key_name`: the last four characters; of a key too short to hide anything, none. */
export function keyName(key: string): string {
  return key.length >= 12 ? `sk-...${key.slice(-4)}` : 'sk-...';
}

/** True for what `hashKey` gives: an id, not a key. */
export function isKeyHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Whether `key` has this hash, in constant time. */
export function matchesHash(key: string, hash: string): boolean {
  const expected = Buffer.from(hash, 'hex');
  const presented = createHash('sha256').update(key, 'utf8').digest();
  return expected.length === presented.length && timingSafeEqual(expected, presented);
}

/** A new pair for a project, in Langfuse's form. */
export function mintProjectKeys(): { publicKey: string; secretKey: string } {
  return { publicKey: `pk-lf-${randomUUID()}`, secretKey: `sk-lf-${randomUUID()}` };
}

/** How a project secret is shown after its creation: `sk-lf-...XXXX`. */
export function displaySecretKey(secretKey: string): string {
  return secretKey.length >= 16 ? `${secretKey.startsWith('sk-lf-') ? 'sk-lf-' : ''}...${secretKey.slice(-4)}` : '...';
}
