// JSON Schemas of people over items of people. A schema may hold a regular expression that never ends, so every use is bounded in time.
import { runInNewContext } from 'node:vm';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { AppError } from '#lib/errors.ts';

/** A check of one value takes microseconds; the process must not stand still for a pattern. */
const TIMEOUT_MS = 100;
const MAX_SCHEMA_CHARACTERS = 200_000;

export type JsonSchema = Record<string, unknown>;

/** Why a value does not obey; [] when it does. */
export type SchemaCheck = (value: unknown) => string[];

const formats = (addFormats as unknown as { default?: (ajv: object) => void }).default ?? (addFormats as unknown as (ajv: object) => void);

/** Compiles a schema. @throws AppError 400 when it is no JSON Schema. */
export function compileSchema(schema: JsonSchema, name: string): SchemaCheck {
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARACTERS) throw refusal(`${name} is longer than ${MAX_SCHEMA_CHARACTERS} characters.`);
  const validate = bounded(() => compiled(schema), name);
  return (value) => bounded(() => problemsOf(validate, value), name);
}

function compiled(schema: JsonSchema): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true, logger: false });
  formats(ajv);
  // Drafts differ in keywords that ajv ignores when it does not know them; the draft that a schema names is not fetched.
  const { $schema: _, ...rest } = schema;
  return ajv.compile(rest);
}

function problemsOf(validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath === '' ? 'value' : error.instancePath} ${error.message ?? 'is not valid'}`);
}

/** V8 ends work that began inside a context with a time limit, loops of regular expressions included. */
function bounded<Result>(work: () => Result, name: string): Result {
  try {
    return runInNewContext('work()', { work }, { timeout: TIMEOUT_MS }) as Result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw refusal(`${name} takes too long to check: simplify its patterns.`);
    throw refusal(`${name} is not a valid JSON Schema: ${(error as Error).message.slice(0, 300)}`);
  }
}

function refusal(message: string): AppError {
  return new AppError(message, { status: 400, code: 'InvalidRequestError' });
}
