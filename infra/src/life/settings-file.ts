// The settings file of environments on AWS: read, and written once when a person has chosen the two products.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parse, parseDocument } from 'yaml';

export const SETTINGS_FILE = 'genai.aws.yaml';

/** The file's content as plain values; empty when there is no file. @throws Error that names file and place when it is not YAML of names and values */
export function readSettingsFile(path: string): Record<string, unknown> {
  if (!existsSync(path)) return {};
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`${path}: names and values are expected`);
  return value as Record<string, unknown>;
}

/** Lays values into the file; everything else in it, comments too, stays. */
export function writeSettings(path: string, values: Readonly<Record<string, unknown>>): void {
  const fresh = '# One environment of the platform on AWS. Every setting: docs/aws/settings.md\n';
  const document = parseDocument(existsSync(path) ? readFileSync(path, 'utf8') : fresh);
  for (const [name, value] of Object.entries(values)) document.set(name, value);
  writeFileSync(path, document.toString());
}
