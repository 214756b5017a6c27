// A tool's input through the schema of the route that does the same.
import type { ZodType } from 'zod';
import { invalidRequest } from '#observe/api/body.ts';

/** @throws AppError 400 that names the first member that is refused. */
export function checked<Value>(schema: ZodType<Value>, input: unknown): Value {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidRequest(`Invalid input: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it does not have the form of the schema'}`);
}
