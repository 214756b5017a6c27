// A judge's prompt: which variables it has, and how they are filled in.

const VARIABLE = /\{\{\s*([\p{L}_][\p{L}\p{N}_.-]*)\s*\}\}/gu;

/** The variables of a prompt, each once, in their order. */
export function variablesOf(prompt: string): string[] {
  return [...new Set([...prompt.matchAll(VARIABLE)].map(([, name]) => name as string))];
}

/** Longest value of a variable: a judge reads it as a whole. */
const MAX_VALUE = 60_000;
const CUT = '\n…[cut]';

/** What is filled in is text alone: braces in a value are never read as variables. */
export function renderPrompt(prompt: string, values: Readonly<Record<string, unknown>>): string {
  return prompt.replace(VARIABLE, (_, name: string) => textOf(Object.hasOwn(values, name) ? values[name] : undefined));
}

function textOf(value: unknown): string {
  const text = value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}${CUT}`;
}
