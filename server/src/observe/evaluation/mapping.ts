// Which field of a target fills which variable of a judge's prompt: checked when it is written, looked up when it runs.
import { parseJsonPath, valueAt } from './json-path.ts';
import { problem } from './problem.ts';
import { type Mapping, SOURCES, type TargetKind } from './schema.ts';

/** Every variable exactly once, from a source that the target has. @throws AppError 400 that names the field. */
export function checkMapping(mapping: Mapping, variables: readonly string[], target: TargetKind | null): void {
  const seen = new Set<string>();
  for (const [index, { variable, source, jsonPath }] of mapping.entries()) {
    const field = `mapping[${index}]`;
    if (!variables.includes(variable))
      throw problem('invalid_variable_mapping', `The prompt has no variable ${variable}. It has: ${variables.join(', ') || 'none'}.`, {
        field: `${field}.variable`,
        variable,
      });
    if (seen.has(variable)) throw problem('duplicate_variable_mapping', `The variable ${variable} is mapped twice.`, { field, variable });
    seen.add(variable);
    if (target !== null && !SOURCES[target].includes(source))
      throw problem('invalid_variable_mapping', `A ${target} has no source ${source}. It has: ${SOURCES[target].join(', ')}.`, {
        field: `${field}.source`,
        variable,
      });
    if (jsonPath && parseJsonPath(jsonPath) === null)
      throw problem('invalid_json_path', `The path of ${variable} is not valid: write it like $.messages[0].content.`, {
        field: `${field}.jsonPath`,
        variable,
        value: jsonPath,
      });
  }
  const missing = variables.filter((variable) => !seen.has(variable));
  if (target !== null && missing.length > 0)
    throw problem('missing_variable_mapping', `Map every variable of the prompt: ${missing.join(', ')} is missing.`, { field: 'mapping', variables: missing });
}

/** Variables whose names are sources of the target need no mapping of their own. */
export function defaultMapping(variables: readonly string[], target: TargetKind): Mapping {
  return variables.filter((variable) => SOURCES[target].includes(variable)).map((variable) => ({ variable, source: variable as Mapping[number]['source'] }));
}

/** What each variable is filled with. */
export function valuesOf(mapping: Mapping, sources: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { variable, source, jsonPath } of mapping) {
    const whole = sources[source];
    const steps = jsonPath ? parseJsonPath(jsonPath) : [];
    values[variable] = steps === null ? undefined : valueAt(parsedIfText(whole, steps.length > 0), steps);
  }
  return values;
}

/** A path into a text looks into the JSON that the text may be. */
function parsedIfText(value: unknown, wantsInside: boolean): unknown {
  if (!wantsInside || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
