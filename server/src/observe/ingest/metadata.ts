// Metadata: any JSON value -> paths with text (deep-merged by the fold) or top-level keys with text (events that are whole).
import { PATH_SEPARATOR } from './events.ts';
import { cleanText, isObject } from './text.ts';

const MAX_DEPTH = 8;
const MAX_PATHS = 2000;

/** A leaf as it is stored: strings as they are, everything else as JSON text. */
export function leafText(value: unknown): string {
  return typeof value === 'string' ? cleanText(value) : (JSON.stringify(value) ?? 'null');
}

/** What is no object is stored under the key `metadata`. */
function asObject(metadata: unknown): Record<string, unknown> | null {
  if (metadata === null || metadata === undefined) return null;
  return isObject(metadata) ? metadata : { metadata };
}

/** Top-level keys only. */
export function topLevel(metadata: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(asObject(metadata) ?? {})) texts[cleanText(key)] = leafText(value);
  return texts;
}

/** Every leaf under its path; objects that are too deep, too wide or empty are leaves. */
export function pathsOf(metadata: unknown): Record<string, string> {
  const paths: Record<string, string> = {};
  const object = asObject(metadata);
  if (object === null) return paths;
  let count = 0;
  const visit = (value: Record<string, unknown>, prefix: string, depth: number): void => {
    for (const [key, member] of Object.entries(value)) {
      const path = prefix + cleanText(key).replaceAll(PATH_SEPARATOR, '\ufffd');
      if (depth < MAX_DEPTH && count < MAX_PATHS && isObject(member) && Object.keys(member).length > 0) visit(member, path + PATH_SEPARATOR, depth + 1);
      // A string inside an object needs its quotes to survive; at the top level strings stay strings.
      else if (depth > 0) paths[path] = typeof member === 'string' ? JSON.stringify(cleanText(member)) : leafText(member);
      else paths[path] = leafText(member);
      count += 1;
    }
  };
  visit(object, '', 0);
  return paths;
}
