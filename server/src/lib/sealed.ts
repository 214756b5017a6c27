// Secrets at rest: AES-256-GCM with a key derived from the instance secret. The text names the secret that sealed it, so that a wrong one is told apart from damage.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from './errors.ts';

export interface Sealer {
  /** `purpose` is bound to the text: what was sealed for one row cannot be opened for another. */
  seal(text: string, purpose: string): string;
  /** @throws AppError 500 when another secret sealed it or it was changed. */
  open(sealed: string, purpose: string): string;
}

const FORM = /^v1:([0-9a-f]{8}):([A-Za-z0-9_-]+)$/;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Names a secret without saying it: what stands in every text that it sealed. */
export function secretIdOf(instanceSecret: Buffer): string {
  return createHash('sha256').update(sealingKey(instanceSecret)).digest('hex').slice(0, 8);
}

function sealingKey(instanceSecret: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', instanceSecret, Buffer.alloc(0), 'genai-sealed-v1', 32));
}

export function createSealer(instanceSecret: Buffer): Sealer {
  const key = sealingKey(instanceSecret);
  const keyId = secretIdOf(instanceSecret);
  return {
    seal(text, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1:${keyId}:${body.toString('base64url')}`;
    },
    open(sealed, purpose) {
      const [, sealedBy, encoded] = FORM.exec(sealed) ?? [];
      if (sealedBy === undefined || encoded === undefined) throw unreadable('it is not in the form of this release');
      if (sealedBy !== keyId) throw unreadable(`it was sealed with another instance secret (${sealedBy}, this one is ${keyId})`);
      const body = Buffer.from(encoded, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(purpose));
        decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
        return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, body.length - TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch {
        throw unreadable('it was changed');
      }
    },
  };
}

function unreadable(why: string): AppError {
  return new AppError(`A stored secret cannot be read: ${why}. Restore secret.key, or register the model or credential again.`, {
    status: 500,
    code: 'sealed_unreadable',
  });
}
