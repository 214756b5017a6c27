// A JSON body of the public API through a schema; what is refused is said in Langfuse's words (langfuse.md §1.0).
import type { Context } from 'hono';
import type { ZodType } from 'zod';
import { readJson } from '#http/body.ts';
import { AppError } from '#lib/errors.ts';

/** Langfuse takes 4.5 MB a request; prompts and dataset items of that size pass. */
export const MAX_BODY_BYTES = 5 << 20;

/** The parsed body. @throws AppError 400 with the schema's issues, 400 for broken JSON, 413. */
export async function bodyOf<Value>(http: Context, schema: ZodType<Value>): Promise<Value> {
  try {
    return await readJson(http, schema, MAX_BODY_BYTES);
  } catch (error) {
    if (error instanceof AppError && error.details !== undefined)
      throw new AppError('Invalid request data', { status: 400, code: 'InvalidRequestError', details: error.details, cause: error });
    throw error;
  }
}

/** A request that is well-formed but cannot be done. */
export function invalidRequest(message: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError' });
}

/** A request that something stored stands against. */
export function conflict(message: string): AppError {
  return new AppError(message, { status: 409, code: 'LangfuseConflictError' });
}
