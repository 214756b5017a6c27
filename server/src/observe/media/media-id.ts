// What a medium is called, and how large it may be.

/** A medium is in memory while it is received, sent or taken out of content. */
export const MAX_MEDIA_BYTES = 64 << 20;

/** The id that the SDKs compute too. */
export function mediaIdOf(sha256Base64: string): string {
  return sha256Base64.replaceAll('+', '-').replaceAll('/', '_').slice(0, 22);
}
