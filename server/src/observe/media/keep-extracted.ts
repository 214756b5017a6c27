// Media of events on their way to the store: taken out of contents, kept as media of their project with a link to their trace, and named by a reference instead. The same event again finds everything in its place.
import { AppError } from '#lib/errors.ts';
import { deletedTraceIds } from '#observe/deletion/deleted-traces.ts';
import type { MediaKeeper } from '#observe/fold/port.ts';
import type { EntityEvent, ObservationFields } from '#observe/ingest/events.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { blobKey } from './blob-key.ts';
import { type Extracted, extractMedia, type FoundMedium } from './extract.ts';
import { announceMedia, linkMedia, markUploaded } from './sql.ts';

interface Dependencies {
  records: Pick<Records, 'query'>;
  blobs: Blobs;
}

/** One content of one event. */
interface Content {
  event: EntityEvent;
  field: 'input' | 'output' | 'metadata';
  extracted: Extracted;
  /** Puts the references into the event. */
  replace(): void;
}

const FIELDS = { input: 'input', output: 'output', root_input: 'input', root_output: 'output' } as const;

/** @throws AppError 503 from `replaceIn` while records or blobs are away: the round is repeated. */
export function createMediaKeeper(dependencies: Dependencies): MediaKeeper {
  return {
    async replaceIn(events, traceOf) {
      const contents = contentsWithMedia(events);
      if (contents.length === 0) return;
      try {
        await keep(dependencies, contents, traceOf);
      } catch (cause) {
        if (cause instanceof AppError && cause.status === 503) throw cause;
        throw new AppError('Media of events could not be stored: it is tried again.', { status: 503, code: 'media_away', cause, retryAfterSeconds: 2 });
      }
    },
  };
}

/** Finds media in a text; the same text is looked through once. */
type Find = (text: string, isJson: boolean) => Extracted;

function contentsWithMedia(events: readonly EntityEvent[]): Content[] {
  // A span says the same to its observation and to its trace.
  const known = new Map<string, Extracted>();
  const find: Find = (text, isJson) => {
    if (text.length < LEAST_CHARACTERS) return { text, media: [] };
    const found = known.get(text) ?? extractMedia(text, isJson);
    if (found.media.length > 0) known.set(text, found);
    return found;
  };
  return events
    .filter(({ kind }) => kind !== 'score')
    .flatMap((event) => [...inFields(event, find), ...inMetadata(event, find)].filter(({ extracted }) => extracted.media.length > 0));
}

function inFields(event: EntityEvent, find: Find): Content[] {
  const fields = event.fields as Record<string, unknown>;
  return Object.entries(FIELDS).flatMap(([name, field]): Content[] => {
    const text = fields[name];
    if (typeof text !== 'string') return [];
    const extracted = find(text, true);
    const replace = (): void => {
      fields[name] = extracted.text;
    };
    return [{ event, field, extracted, replace }];
  });
}

function inMetadata(event: EntityEvent, find: Find): Content[] {
  return Object.entries(event.metadata).map(([path, text]): Content => {
    const extracted = find(text, /^\s*[[{]/.test(text));
    const replace = (): void => {
      event.metadata[path] = extracted.text;
    };
    return { event, field: 'metadata', extracted, replace };
  });
}

/** `data:a/b;base64,AAAA` and not much more. */
const LEAST_CHARACTERS = 20;

async function keep({ records, blobs }: Dependencies, contents: readonly Content[], traceOf: Parameters<MediaKeeper['replaceIn']>[1]): Promise<void> {
  for (const [projectId, members] of Map.groupBy(contents, ({ event }) => event.projectId)) {
    // A deleted project has no media any longer; its rows go with the purge.
    if ((await records.query(sql`SELECT 1 FROM projects WHERE id = ${projectId}`)).length === 0) continue;
    const traces = await tracesOf(members, traceOf);
    const deleted = await deletedTraceIds(records, projectId, [...traces.values()]);
    for (const content of members) {
      const traceId = traces.get(content.event) as string;
      const place = { traceId, observationId: content.event.kind === 'observation' ? content.event.id : '', field: content.field };
      // Rows of a deleted trace are left out: nothing of it may be kept elsewhere.
      if (!deleted.has(traceId)) for (const medium of content.extracted.media) await keepOne({ records, blobs }, projectId, medium, place);
      content.replace();
    }
  }
}

/** The link comes first: a medium that somebody links to is not taken away as orphaned. */
async function keepOne(
  { records, blobs }: Dependencies,
  projectId: string,
  medium: FoundMedium,
  place: { traceId: string; observationId: string; field: string },
): Promise<void> {
  const row = await announceMedia(records, {
    project_id: projectId,
    id: medium.id,
    sha256_hash: medium.sha256Base64,
    content_type: medium.contentType,
    content_length: medium.bytes.length,
  });
  await linkMedia(records, row, { ...place, datasetId: '', datasetItemId: '' });
  if (row.uploaded_at !== null) return;
  await blobs.put(blobKey(row), medium.bytes, { contentType: row.content_type });
  await markUploaded(records, projectId, row.id, medium.bytes.length);
}

/** The trace of each event: its own, what another event of the round says, what is stored, else the trace that an observation without one gets. */
async function tracesOf(contents: readonly Content[], traceOf: Parameters<MediaKeeper['replaceIn']>[1]): Promise<Map<EntityEvent, string>> {
  const traces = new Map<EntityEvent, string>();
  for (const { event } of contents) {
    if (traces.has(event)) continue;
    const said = event.kind === 'trace' ? event.id : (event.fields as Partial<ObservationFields>).trace_id;
    traces.set(event, said ?? (await traceOf(event.projectId, event.id)) ?? event.id);
  }
  return traces;
}
