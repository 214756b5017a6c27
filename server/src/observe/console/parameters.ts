// Who reads which project in the console, over which range, and the cursor of its lists.
import { z } from 'zod';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';

export const projectParameter = z.string().min(1).max(200);
const DAY_MS = 86_400_000;

/** The person who reads. @throws AppError 401 for anybody else. */
export function assertUser(principal: Principal): void {
  if (principal.kind !== 'user') throw new AppError('Sign in first.', { status: 401, code: 'auth_error' });
}

export const rangeParameters = { from: z.iso.datetime({ offset: true }).optional(), to: z.iso.datetime({ offset: true }).optional() };

/** The asked range, the last 24 hours when nothing was asked. @throws AppError 400 when it is empty or backwards. */
export function consoleRange(asked: { from?: string | undefined; to?: string | undefined }): { from: Date; to: Date } {
  const to = asked.to === undefined ? new Date(Date.now() + 1_000) : new Date(asked.to);
  const from = asked.from === undefined ? new Date(to.getTime() - DAY_MS) : new Date(asked.from);
  if (from.getTime() >= to.getTime())
    throw new AppError('The range is empty: choose a start that lies before its end.', { status: 400, code: 'bad_request_error', param: 'from' });
  return { from, to };
}

const cursorSchema = z.object({ t: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/), i: z.string().max(800) });

/** Where a list of the console ended: the last row's instant and id. */
export function encodeCursor(last: { timestamp: string; id: string }): string {
  return Buffer.from(JSON.stringify({ t: last.timestamp, i: last.id }), 'utf8').toString('base64url');
}

/** @throws AppError 400. */
export function decodeCursor(text: string): { timestamp: string; id: string } {
  try {
    const { t, i } = cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    if (Number.isNaN(Date.parse(t))) throw new RangeError('not an instant');
    return { timestamp: t, id: i };
  } catch (cause) {
    throw new AppError('The cursor is not one of this list: load the list anew.', { status: 400, code: 'bad_request_error', param: 'cursor', cause });
  }
}
