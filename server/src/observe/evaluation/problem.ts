// Refusals of the evaluation API: a code that programs branch on, and details that say which field (Langfuse's unstable evaluation API).
import { AppError } from '#lib/errors.ts';

type Code =
  | 'invalid_body'
  | 'invalid_filter_value'
  | 'invalid_json_path'
  | 'invalid_variable_mapping'
  | 'missing_variable_mapping'
  | 'duplicate_variable_mapping'
  | 'name_conflict'
  | 'conflict'
  | 'evaluator_preflight_failed'
  | 'resource_not_found';

const STATUS: Readonly<Record<Code, number>> = {
  invalid_body: 400,
  invalid_filter_value: 400,
  invalid_json_path: 400,
  invalid_variable_mapping: 400,
  missing_variable_mapping: 400,
  duplicate_variable_mapping: 400,
  name_conflict: 409,
  conflict: 409,
  evaluator_preflight_failed: 422,
  resource_not_found: 404,
};

export function problem(code: Code, message: string, details?: Readonly<Record<string, unknown>>): AppError {
  return new AppError(message, { status: STATUS[code], code, ...(details === undefined ? {} : { details }) });
}
