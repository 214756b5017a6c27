// References to media in the content of a dataset item: where they stand, and the medium with an address to fetch it.
import type { RecordsSession } from '#stores/records/port.ts';
import { uploadedMedia } from './sql.ts';

export interface MediaReference {
  field: 'input' | 'expectedOutput' | 'metadata';
  referenceString: string;
  jsonPath: string;
  mediaId: string;
}

export interface ResolvedReference {
  field: MediaReference['field'];
  referenceString: string;
  jsonPath: string;
  media: { mediaId: string; contentType: string; contentLength: number; url: string; urlExpiry: string };
}

const REFERENCE = /@@@langfuseMedia:type=[^|@]+\|id=([A-Za-z0-9_-]{1,64})\|source=[^|@]+@@@/g;
/** An item is as deep and as full of references as somebody likes. */
const MAX_DEPTH = 50;
const MAX_REFERENCES = 1_000;

/** Every reference of an item's fields, in the order of the content. */
export function referencesIn(item: { input: unknown; expectedOutput: unknown; metadata: unknown }): MediaReference[] {
  const found: MediaReference[] = [];
  for (const field of ['input', 'expectedOutput', 'metadata'] as const) walk(item[field], '$', { field, depth: 0, found });
  return found;
}

function walk(value: unknown, path: string, state: { field: MediaReference['field']; depth: number; found: MediaReference[] }): void {
  if (state.depth > MAX_DEPTH || state.found.length >= MAX_REFERENCES) return;
  if (typeof value === 'string') {
    for (const match of value.matchAll(REFERENCE)) {
      if (state.found.length < MAX_REFERENCES) state.found.push({ field: state.field, referenceString: match[0], jsonPath: path, mediaId: match[1] as string });
    }
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const deeper = { ...state, depth: state.depth + 1 };
  for (const [key, member] of Object.entries(value))
    walk(member, Array.isArray(value) ? `${path}[${key}]` : `${path}['${key.replaceAll("'", "\\'")}']`, deeper);
}

/** The address of a medium's content. */
export type ContentAddress = (mediaId: string) => { url: string; urlExpiry: string };

/** The references whose media are here, item by item. */
export async function resolveReferences(
  session: RecordsSession,
  projectId: string,
  items: readonly { input: unknown; expectedOutput: unknown; metadata: unknown }[],
  address: ContentAddress,
): Promise<ResolvedReference[][]> {
  const references = items.map(referencesIn);
  const ids = [...new Set(references.flat().map(({ mediaId }) => mediaId))];
  const media = new Map((ids.length === 0 ? [] : await uploadedMedia(session, projectId, ids)).map((row) => [row.id, row]));
  return references.map((ofItem) =>
    ofItem.flatMap(({ mediaId, ...place }) => {
      const row = media.get(mediaId);
      return row ? [{ ...place, media: { mediaId, contentType: row.content_type, contentLength: Number(row.content_length), ...address(mediaId) } }] : [];
    }),
  );
}
