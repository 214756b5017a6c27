// JSON Schemas of people over items of people. A schema may hold a regular expression that never ends, so every use is bounded in time.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { AppError } from '#lib/errors.ts';
import { tookTooLong, withinTime } from '#observe/api/time-bound.ts';

/** A check of one value takes microseconds; the process must not stand still for a pattern. */
const CHECK_TIMEOUT_MS = 250;
/** Compiling takes milliseconds, on a busy machine more; it runs no pattern. */
const COMPILE_TIMEOUT_MS = 2_000;
const MAX_SCHEMA_CHARACTERS = 200_000;
const MAX_CACHED = 100;

export type JsonSchema = Record<string, unknown>;

/** Why a value does not obey; [] when it does. */
export type SchemaCheck = (value: unknown) => string[];

const formats = (addFormats as unknown as { default?: (ajv: object) => void }).default ?? (addFormats as unknown as (ajv: object) => void);
/** Knows what a schema may look like; making that check is most of the work of compiling, so it is made once. */
const grammar = new Ajv2020({ strict: false, logger: false });
const cache = new Map<string, ValidateFunction>();

/** Compiles a schema. @throws AppError 400 when it is no JSON Schema. */
export function compileSchema(schema: JsonSchema, name: string): SchemaCheck {
  const text = JSON.stringify(schema);
  if (text.length > MAX_SCHEMA_CHARACTERS) throw refusal(`${name} is longer than ${MAX_SCHEMA_CHARACTERS} characters.`);
  const validate = cache.get(text) ?? bounded(() => compiled(schema), name, COMPILE_TIMEOUT_MS);
  cache.delete(text);
  cache.set(text, validate);
  if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value as string);
  return (value) => bounded(() => problemsOf(validate, value), name, CHECK_TIMEOUT_MS);
}

function compiled(schema: JsonSchema): ValidateFunction {
  // Drafts differ in keywords that ajv ignores when it does not know them; the draft that a schema names is not fetched.
  const { $schema: _, ...rest } = schema;
  if (!grammar.validateSchema(rest)) throw new TypeError(grammar.errorsText(grammar.errors));
  const ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false });
  formats(ajv);
  return ajv.compile(rest);
}

function problemsOf(validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath === '' ? 'value' : error.instancePath} ${error.message ?? 'is not valid'}`);
}

function bounded<Result>(work: () => Result, name: string, timeoutMs: number): Result {
  try {
    return withinTime(work, timeoutMs);
  } catch (error) {
    if (tookTooLong(error)) throw refusal(`${name} takes too long to check: simplify its patterns.`);
    throw refusal(`${name} is not a valid JSON Schema: ${(error as Error).message.slice(0, 300)}`);
  }
}

function refusal(message: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError' });
}
