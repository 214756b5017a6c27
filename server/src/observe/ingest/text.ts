// Text that every store can hold: well-formed Unicode without NUL, and JSON text of values.

/** Lone surrogates and NUL become U+FFFD (ClickHouse's JSON reader refuses the first, PostgreSQL and CSV readers the second). */
export function cleanText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\ufffd') : wellFormed;
}

/** JSON text of a parsed value; null for null, undefined and what JSON cannot say. */
export function jsonText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return JSON.stringify(value) ?? null;
}

/** What text that looks like a JSON object, list or string holds; undefined otherwise. Looking first saves the price of an exception on every plain text. */
export function openedJson(text: string): unknown {
  const first = text.charCodeAt(0) <= 32 ? text.trimStart()[0] : text[0];
  return first === '{' || first === '[' || first === '"' ? parseJson(text) : undefined;
}

/** A text that may be JSON already (OTLP attributes carry JSON in strings): objects, lists and strings stay as they are, anything else ("007", "true") becomes a JSON string. */
export function asJsonText(text: string): string {
  const opened = openedJson(text);
  return opened === undefined ? JSON.stringify(text) : cleanText(text);
}

/** Whether JSON text stands for something that is not empty (JavaScript's truthiness of the value). */
export function isTruthyJson(text: string): boolean {
  if (text.length > 24) return true;
  const trimmed = text.trim();
  return trimmed !== '' && trimmed !== '""' && trimmed !== 'null' && trimmed !== 'false' && !/^-?0+(?:\.0*)?(?:[eE][+-]?\d+)?$/.test(trimmed);
}

/** Parses JSON that may be broken; undefined when it is. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
