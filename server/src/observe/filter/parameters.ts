// What the list routes' query parameters have in common: pages, limits, instants, repeated values; and who may read which project.
import type { Context } from 'hono';
import { z } from 'zod';
import { readQuery } from '#http/body.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { TimeRange } from '#observe/store/newest.ts';

/** Empty text counts as absent, as SDKs send `name=` for an unset filter. */
function optional<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema.optional());
}

export const wordParameter = optional(z.string().max(5_000));
export const instantParameter = optional(z.iso.datetime({ offset: true }));
/** One value or the same name several times. */
export const wordsParameter = optional(
  z.union([z.string().max(5_000), z.array(z.string().max(5_000)).max(1_000)]).transform((value) => (typeof value === 'string' ? [value] : value)),
);
/** `a,b,c` */
export const commaListParameter = optional(
  z
    .string()
    .max(20_000)
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
);
export const booleanParameter = optional(z.enum(['true', 'false']).transform((value) => value === 'true'));
export const pageParameter = z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().int().min(1).max(1_000_000).default(1));

/** A limit between 1 and `max`, 50 when absent. */
export function limitParameter(max: number) {
  return z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().int().min(1).max(max).default(Math.min(50, max)));
}

/** The request's parameters through a schema. @throws AppError 400 with the issues. */
export function parameters<Value>(http: Context, schema: z.ZodType<Value>): Value {
  try {
    return readQuery(http, schema);
  } catch (error) {
    if (error instanceof AppError && error.details !== undefined)
      throw new AppError('Invalid request data', { status: 400, code: 'InvalidRequestError', details: error.details, cause: error });
    throw error;
  }
}

/** The project that a project key reads. @throws AppError 403 for any other credential. */
export function projectOf(principal: Principal): string {
  if (principal.kind === 'project-key' && principal.scope === 'project') return principal.projectId;
  throw new AppError('This route needs the public and the secret key of a project.', { status: 403, code: 'ForbiddenError' });
}

/** Nothing is stored before this (writes clamp to five years) and nothing after a day from now. */
const EARLIEST = new Date(Date.UTC(2015, 0, 1));
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** An hour, half a day, six days, ten weeks, more than two years. */
const WINDOW_GROWTH = 12;

/** The range of a list, open ends closed by what can be stored: `from` inclusive, `to` exclusive. */
export function rangeOf(from: string | undefined, to: string | undefined): { from: Date; to: Date } {
  const latest = new Date(Date.now() + 2 * DAY_MS);
  const end = to === undefined ? latest : new Date(to);
  const start = from === undefined ? EARLIEST : new Date(from);
  return { from: start < EARLIEST ? EARLIEST : start, to: end > latest ? latest : end };
}

/** `meta` of a page-numbered answer. */
export function pageMeta(page: number, limit: number, totalItems: number): { page: number; limit: number; totalItems: number; totalPages: number } {
  return { page, limit, totalItems, totalPages: Math.ceil(totalItems / limit) };
}

/** Langfuse's 404. */
export function notFound(message: string): AppError {
  return new AppError(message, { status: 404, code: 'LangfuseNotFoundError' });
}

/** A read that passed its bounds, in the words of the public API. Every list and detail goes through here. */
export async function bounded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.status === 422) throw new AppError(error.message, { status: 422, code: 'Request timed out', cause: error });
    throw error;
  }
}

/**
 * A newest-first list over a long range, read in growing windows from its newest end, so that a page of recent rows never touches old data.
 * `read` gives at most `limit` rows of one window in the list's order; the first `skip` rows of the whole list are left out.
 */
export async function newestFirst<Row>(
  range: { from: Date; to: Date },
  page: { skip: number; limit: number },
  read: (window: TimeRange, limit: number) => Promise<Row[]>,
): Promise<Row[]> {
  const found: Row[] = [];
  let skip = page.skip;
  let end = Math.min(range.to.getTime(), Date.now() + 2 * DAY_MS);
  // What lies in the future goes with the first window, which reaches an hour back: a busy project has its page there, and an empty window costs a quiet one little.
  let newest = Math.min(end, Date.now());
  for (let spanMs = HOUR_MS; end > range.from.getTime() && found.length < page.limit; spanMs *= WINDOW_GROWTH) {
    const start = Math.max(range.from.getTime(), newest - spanMs);
    const rows = await read({ from: new Date(start), to: new Date(end) }, skip + page.limit - found.length);
    found.push(...rows.slice(skip));
    skip = Math.max(0, skip - rows.length);
    end = start;
    newest = start;
  }
  return found;
}
