// Addresses that carry their own permission: what may be done, with which medium, until when, under a signature of this instance.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export type MediaAction = 'upload' | 'content';

export interface MediaName {
  projectId: string;
  mediaId: string;
}

export interface UrlSigner {
  /** Path and query of an address that allows `action` until `expiresAtMs`. */
  sign(action: MediaAction, name: MediaName, expiresAtMs: number): string;
  /** Whether the address was signed here and has not expired. */
  verify(action: MediaAction, name: MediaName, asked: { expires: string; signature: string }): boolean;
}

/** A signer whose key is derived from the instance secret, so that the secret itself signs nothing. */
export function createUrlSigner(instanceSecret: Buffer, now: () => number = Date.now): UrlSigner {
  const key = Buffer.from(hkdfSync('sha256', instanceSecret, '', 'genai media addresses', 32));
  const signatureOf = (action: MediaAction, { projectId, mediaId }: MediaName, expires: string): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([action, projectId, mediaId, expires]))
      .digest();
  return {
    sign: (action, name, expiresAtMs) => {
      const expires = String(Math.floor(expiresAtMs));
      const signature = signatureOf(action, name, expires).toString('base64url');
      return `/api/public/media/${action}/${encodeURIComponent(name.projectId)}/${encodeURIComponent(name.mediaId)}?expires=${expires}&signature=${signature}`;
    },
    verify: (action, name, { expires, signature }) => {
      if (!/^\d{1,16}$/.test(expires) || Number(expires) <= now()) return false;
      const presented = Buffer.from(signature, 'base64url');
      const expected = signatureOf(action, name, expires);
      return presented.length === expected.length && timingSafeEqual(presented, expected);
    },
  };
}
