// The opaque cursor of v2 observations: base64 of {"lastStartTimeTo", "lastTraceId", "lastId"}.
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import type { ObservationCursor, ObservationKey } from './sql.ts';

const schema = z.object({
  lastStartTimeTo: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$/),
  lastTraceId: z.string().max(800),
  lastId: z.string().max(800),
});

/** The cursor after a key. */
export function encodeCursor(key: ObservationKey): string {
  const cursor: ObservationCursor = { lastStartTimeTo: key.start_time, lastTraceId: key.trace_id, lastId: key.id };
  return Buffer.from(JSON.stringify(cursor), 'utf8').toString('base64');
}

/** @throws AppError 400 `Invalid cursor format`. */
export function decodeCursor(text: string): ObservationCursor {
  try {
    const cursor = schema.parse(JSON.parse(Buffer.from(text, 'base64').toString('utf8')));
    if (Number.isNaN(Date.parse(cursor.lastStartTimeTo))) throw new RangeError('not an instant');
    return cursor;
  } catch (cause) {
    throw new AppError('Invalid cursor format', { status: 400, code: 'InvalidRequestError', param: 'cursor', cause });
  }
}
