// What the routes of management share: their bodies, and whose organisation it is.
import type { Context } from 'hono';
import type { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';

/** A JSON body through a schema, refused in the words of the public API. @throws AppError 400. */
export async function managementBody<Value>(http: Context, schema: z.ZodType<Value>): Promise<Value> {
  try {
    return await readJson(http, schema);
  } catch (error) {
    if (error instanceof AppError && error.details !== undefined)
      throw new AppError('Invalid request data', { status: 400, code: 'InvalidRequestError', details: error.details, cause: error });
    throw error;
  }
}

/** The organisation of a key. @throws AppError 403 for any other credential. */
export function organizationOf({ principal }: RouteContext): string {
  if (principal.kind === 'organization-key') return principal.organizationId;
  throw new AppError('Organization-scoped API key required for this operation.', { status: 403, code: 'ForbiddenError' });
}
