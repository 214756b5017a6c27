// The media that recorded content names: Langfuse's tokens, each medium once, in the order of the content.

export interface MediaReference {
  id: string;
  contentType: string;
}

const TOKEN = /@@@langfuseMedia:type=([^|@]{1,100})\|id=([A-Za-z0-9_-]{1,64})\|source=[^|@]{1,100}@@@/g;
/** What a page fetches at once. */
const MOST = 20;

export function mediaReferences(raw: string): MediaReference[] {
  const found = new Map<string, MediaReference>();
  for (const [, contentType, id] of raw.matchAll(TOKEN)) {
    if (found.size >= MOST) break;
    // JSON may escape its slashes.
    found.set(id as string, { id: id as string, contentType: (contentType as string).replaceAll('\\', '') });
  }
  return [...found.values()];
}
