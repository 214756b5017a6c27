// Secrets in a LiteLLM database: which of the salt candidates opens a text, in all three forms that LiteLLM has written (litellm.md §3.1), and the oldest form to write.
import { createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { secretbox } from '@noble/ciphers/salsa.js';

export type SecretForm = 'nacl' | 'v2' | 'v3';

export interface OpenedSecret {
  readonly text: string;
  readonly form: SecretForm;
  /** Place of the candidate that opened it, from 0. */
  readonly candidate: number;
}

const V2 = 'v2:gcm:';
const V3 = 'v3:gcm:';
const GCM_NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NACL_NONCE_BYTES = 24;

/** Opens a text with the first of the salt keys that fits; null when none does, or it is no secret in one of the three forms. */
export function openSecret(sealed: string, saltKeys: readonly string[]): OpenedSecret | null {
  const form = formOf(sealed);
  const bytes = Buffer.from(form === 'nacl' ? sealed : sealed.slice(V2.length), 'base64url');
  for (const [candidate, saltKey] of saltKeys.entries()) {
    const text = form === 'nacl' ? openBox(bytes, saltKey) : openGcm(bytes, form === 'v2' ? shortKey(saltKey) : longKey(saltKey));
    if (text !== null) return { text, form, candidate };
  }
  return null;
}

/** A text as every LiteLLM from the first version on reads it. */
export function sealSecret(text: string, saltKey: string): string {
  const nonce = randomBytes(NACL_NONCE_BYTES);
  const box = secretbox(shortKey(saltKey), nonce).seal(Buffer.from(text, 'utf8'));
  // Python's urlsafe_b64decode demands the padding that base64url leaves out.
  return Buffer.concat([nonce, box]).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function formOf(sealed: string): SecretForm {
  if (sealed.startsWith(V2)) return 'v2';
  return sealed.startsWith(V3) ? 'v3' : 'nacl';
}

const shortKey = (saltKey: string): Buffer => createHash('sha256').update(saltKey, 'utf8').digest();
const longKey = (saltKey: string): Buffer => Buffer.from(hkdfSync('sha256', Buffer.from(saltKey, 'utf8'), Buffer.alloc(0), 'litellm-at-rest-v3', 32));

function openBox(bytes: Buffer, saltKey: string): string | null {
  if (bytes.length < NACL_NONCE_BYTES + TAG_BYTES) return null;
  try {
    return utf8(secretbox(shortKey(saltKey), bytes.subarray(0, NACL_NONCE_BYTES)).open(bytes.subarray(NACL_NONCE_BYTES)));
  } catch {
    return null;
  }
}

function openGcm(bytes: Buffer, key: Buffer): string | null {
  if (bytes.length < GCM_NONCE_BYTES + TAG_BYTES) return null;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, GCM_NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return utf8(Buffer.concat([decipher.update(bytes.subarray(GCM_NONCE_BYTES, -TAG_BYTES)), decipher.final()]));
  } catch {
    return null;
  }
}

const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
