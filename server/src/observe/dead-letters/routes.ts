// What could not be stored, with its reason: listed, grouped, shown without secrets, discarded. Ours (docs/dead-letters.md).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf, invalidRequest } from '#observe/api/body.ts';
import { decodeCursor, encodeCursor } from '#observe/console/parameters.ts';
import { deletedTraceIds } from '#observe/deletion/deleted-traces.ts';
import { bounded, instantParameter, limitParameter, notFound, parameters, projectOf, wordParameter } from '#observe/filter/parameters.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import { createMarker } from '#observe/rollups/marks.ts';
import { TABLE_NAMES, type TableName } from '#observe/store/tables.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import { planOf } from './plan.ts';
import { readable } from './readable.ts';
import {
  countLetters,
  isLetterId,
  type Letter,
  type LetterFilter,
  type LetterKey,
  type LetterSummary,
  letterPage,
  letterReasons,
  removeLetters,
  wholeLetters,
} from './sql.ts';

const conditions = { place: wordParameter, reason: wordParameter, fromTimestamp: instantParameter, toTimestamp: instantParameter };
const listParameters = z.object({ ...conditions, limit: limitParameter(200), cursor: wordParameter });
const reasonParameters = z.object(conditions);

/** Letters by id, or all that a filter names. An empty choice would be everything and must be said: `{"all": true}`. */
export const choice = z.union([
  z.strictObject({ ids: z.array(z.string().refine(isLetterId, 'not the id of a dead letter')).min(1).max(500) }),
  z.strictObject({ place: z.string().max(100).optional(), reason: z.string().max(5_000).optional(), all: z.literal(true) }),
]);
export type Choice = z.output<typeof choice>;

/** The choice as a filter of a project. */
export function filterOf(projectId: string, asked: Choice): LetterFilter {
  return 'ids' in asked ? { projectId, ids: asked.ids } : { projectId, place: asked.place, reason: asked.reason };
}

export function deadLetterRoutes(analytics: Analytics): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  const root = '/api/public/dead-letters';
  return [
    {
      ...common,
      method: 'GET',
      path: root,
      summary: 'Events and rows that could not be stored, newest first, by cursor',
      query: listParameters,
      handle: (context) => bounded(() => list(analytics, context)),
    },
    {
      ...common,
      method: 'GET',
      path: `${root}/reasons`,
      summary: 'How many could not be stored, by place and reason',
      query: reasonParameters,
      handle: (context) => bounded(() => reasons(analytics, context)),
    },
    {
      ...common,
      method: 'GET',
      path: `${root}/:letterId`,
      summary: 'One of them with its content, secrets taken out, and whether it can be sent again',
      handle: (context) => bounded(() => detail(analytics, context)),
    },
    {
      ...common,
      method: 'POST',
      path: `${root}/discard`,
      summary: 'Discard them by id or by reason, for good',
      body: choice,
      handle: (context) => bounded(() => discard(analytics, context)),
    },
  ];
}

async function list(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, listParameters);
  const filter = { projectId: projectOf(principal), place: asked.place, reason: asked.reason, from: asked.fromTimestamp, to: asked.toTimestamp };
  const after = asked.cursor === undefined ? null : cursorOf(asked.cursor);
  const found = await analytics.query<LetterSummary>(letterPage(filter, { limit: asked.limit + 1, after }));
  const rows = found.slice(0, asked.limit);
  const last = found.length > asked.limit ? rows.at(-1) : undefined;
  return http.json({
    data: rows.map((row) => ({
      id: row.id,
      receivedAt: row.received_at,
      place: row.place,
      reason: row.reason,
      bytes: Number(row.size),
      beginning: readable(row.beginning).content.slice(0, 300),
    })),
    meta: last === undefined ? {} : { cursor: encodeCursor({ timestamp: last.received_at, id: last.id }) },
  });
}

function cursorOf(text: string): LetterKey {
  try {
    const { timestamp, id } = decodeCursor(text);
    return { received_at: timestamp, id };
  } catch (cause) {
    throw new AppError('Invalid cursor format', { status: 400, code: 'InvalidRequestError', param: 'cursor', cause });
  }
}

async function reasons(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, reasonParameters);
  const filter = { projectId: projectOf(principal), place: asked.place, reason: asked.reason, from: asked.fromTimestamp, to: asked.toTimestamp };
  const rows = await analytics.query<{ place: string; reason: string; count: string; first_at: string; last_at: string }>(letterReasons(filter));
  return http.json({
    data: rows.map((row) => ({ place: row.place, reason: row.reason, count: Number(row.count), firstAt: row.first_at, lastAt: row.last_at })),
  });
}

async function detail(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const id = http.req.param('letterId') ?? '';
  const filter = { projectId: projectOf(principal), ids: [id] };
  const [letter] = isLetterId(id) ? await analytics.query<Letter>(wholeLetters(filter, 1)) : [];
  if (letter === undefined) throw notFound('Dead letter not found within authorized project');
  const plan = planOf(letter);
  return http.json({
    id: letter.id,
    receivedAt: letter.received_at,
    sequence: letter.sequence,
    place: letter.place,
    reason: letter.reason,
    bytes: Buffer.byteLength(letter.content),
    ...readable(letter.content),
    redrive: 'problem' in plan ? { possible: false, problem: plan.problem } : { possible: true, problem: null },
  });
}

async function discard(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const filter = filterOf(projectOf(principal), await bodyOf(http, choice));
  const [found] = await analytics.query<{ count: string }>(countLetters(filter));
  const discarded = Number(found?.count ?? 0);
  if (discarded > 0) await removeLetters(analytics, filter);
  return http.json({ discarded });
}

/** Whole letters that one re-drive takes, and their bytes: all lie in memory. */
const MOST_AT_ONCE = 100;
const MOST_BYTES = 24 << 20;

/** What the process with the journal asks of the process with the store, and nobody else can: whole contents, rows put back, letters taken away. */
export function redriveStoreRoutes(analytics: Analytics, records: Pick<Records, 'query'>): Route[] {
  const common = { method: 'POST', surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  return [
    { ...common, path: '/engine/dead-letters/take', summary: 'Whole letters', handle: (context) => take(analytics, context) },
    { ...common, path: '/engine/dead-letters/rows', summary: 'Put refused rows back', handle: (context) => putRows(analytics, records, context) },
    { ...common, path: '/engine/dead-letters/done', summary: 'Letters that were sent again', handle: (context) => discard(analytics, context) },
  ];
}

async function take(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  const filter = filterOf(projectOf(principal), await bodyOf(http, choice));
  const sizes = await analytics.query<LetterSummary>(letterPage(filter, { limit: MOST_AT_ONCE, after: null }));
  const ids: string[] = [];
  let bytes = 0;
  for (const { id, size } of sizes) {
    bytes += Number(size);
    if (ids.length === 0 || bytes <= MOST_BYTES) ids.push(id);
  }
  const letters = ids.length === 0 ? [] : await analytics.query<Letter>(wholeLetters({ projectId: filter.projectId, ids }, ids.length));
  const [total] = await analytics.query<{ count: string }>(countLetters(filter));
  return http.json({ letters, total: Number(total?.count ?? 0) });
}

/** A row lies under its key and version, so that putting it back twice, or after a newer version came, changes nothing. */
async function putRows(analytics: Analytics, records: Pick<Records, 'query'>, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const asked = await bodyOf(http, choice);
  if (!('ids' in asked)) throw invalidRequest('Name the letters by id.');
  const letters = await analytics.query<Letter>(wholeLetters({ projectId, ids: asked.ids }, asked.ids.length));
  const rows = letters.map((letter) => ({ letter, row: parseJson(letter.content) }));
  const traceIds = rows.map(({ letter, row }) => traceOf(letter.place, row));
  const deleted = await deletedTraceIds(records, projectId, traceIds);
  const failed: { id: string; problem: string }[] = [];
  for (const [index, { letter, row }] of rows.entries()) {
    const problem = deleted.has(traceIds[index] as string) ? 'Its trace was deleted.' : await insertRow(analytics, projectId, letter, row);
    if (problem !== null) failed.push({ id: letter.id, problem });
  }
  return http.json({ done: letters.map(({ id }) => id).filter((id) => !failed.some((one) => one.id === id)), failed });
}

function traceOf(place: string, row: unknown): string {
  if (!isObject(row)) return '';
  return String((place === 'traces' ? row.id : row.trace_id) ?? '');
}

async function insertRow(analytics: Analytics, projectId: string, { place, content, id }: Letter, row: unknown): Promise<string | null> {
  if (!isObject(row) || row.project_id !== projectId) return 'The row is not one of this project.';
  try {
    if (place === 'observations')
      await createMarker(analytics).before([{ project_id: projectId, start_time: typeof row.start_time === 'string' ? row.start_time : undefined }]);
    await analytics.insert(TABLE_NAMES.find((table: TableName) => table === place) as string, Buffer.from(`${content}\n`), `re-drive/${id}`);
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'rows_refused') return `The store still refuses it: ${error.message}`;
    throw error;
  }
}
