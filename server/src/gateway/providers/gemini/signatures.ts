// Gemini's thought signatures travel through clients that know no such thing: inside the id of a call (LiteLLM's form) and as the signature of a thinking block, marked as Gemini's.

const IN_ID = '__thought__';
const MARK = 'gemini#';

/** An id that carries the signature; base64 as letters that every provider takes in an id. */
export function callId(id: string, signature: string | null): string {
  return signature === null ? id : `${id}${IN_ID}${signature.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

export function splitCallId(id: string): { signature: string | null } {
  const at = id.indexOf(IN_ID);
  if (at < 0) return { signature: null };
  return { signature: Buffer.from(id.slice(at + IN_ID.length), 'base64url').toString('base64') };
}

/** Marked, so that no other provider is given it as its own. */
export function markedSignature(signature: string): string {
  return MARK + signature;
}

/** The signature of a thinking block that is Gemini's; null for any other. */
export function ownSignature(signature: unknown): string | null {
  return typeof signature === 'string' && signature.startsWith(MARK) ? signature.slice(MARK.length) : null;
}
