// The only reader of process.env, and the layers beneath it: real environment over the .env beside the config over the .env of the current folder.
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Notes } from './notes.ts';
import type { Environment } from './section.ts';

/** The variables of this process as a plain copy: later changes of process.env do not reach it. */
export function processEnvironment(): Environment {
  return { ...process.env };
}

/** The variables of one .env file; an absent file has none, an unreadable one is a remark. */
export function readEnvironmentFile(path: string, notes: Notes): Environment {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') notes.warning({ file: path, path: '' }, `cannot be read (${code ?? 'unknown reason'})`);
    return {};
  }
  return parseEnv(text.replace(/^\uFEFF/, '')) as Environment;
}

/** First layer that has a non-empty value wins; an empty variable counts as not set. */
export function layered(...layers: readonly Environment[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const layer of layers.toReversed()) {
    for (const [name, value] of Object.entries(layer)) if (value !== undefined && value !== '') merged[name] = value;
  }
  return merged;
}
