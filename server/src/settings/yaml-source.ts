// Reads one YAML file as PyYAML would (YAML 1.1: yes/no, merge keys) and remembers on which line every path stands.
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Notes } from './notes.ts';

export type ConfigPath = readonly (string | number)[];

/** A parsed file: its values as plain data and the line of each path. */
export interface YamlSource {
  readonly file: string;
  readonly value: unknown;
  /** Line (from 1) of the key or list entry at the path; of its nearest known parent when the path itself is absent. */
  lineOf(path: ConfigPath): number | null;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Aliases may repeat a block this often; more is a bomb, not a configuration. */
const MAX_ALIASES = 500;
/** Dates, binaries and sets of YAML 1.1 would turn `api_version: 2024-10-21` into an object; LiteLLM users mean the text. */
const TEXT_INSTEAD = new Set(['timestamp', 'binary', 'set', 'omap', 'pairs']);

/**
 * Parses `text`. Every syntax fault goes to `notes` with its line; then null is returned, because half a file is worse than none.
 * Never throws, whatever the text holds.
 */
export function parseYaml(text: string, file: string, notes: Notes): YamlSource | null {
  if (text.length > MAX_FILE_BYTES) {
    notes.error({ file, path: '' }, `is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB; is this the right file?`);
    return null;
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(text.replace(/^\uFEFF/, ''), {
      version: '1.1',
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !TEXT_INSTEAD.has(tag.tag.split(':').at(-1) ?? '')),
    });
    for (const fault of document.errors) notes.error({ file, path: '', line: lines.linePos(fault.pos[0]).line }, `is not valid YAML: ${fault.message}`);
    if (document.errors.length > 0) return null;
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { file, value, lineOf: (path) => lineOf(document, lines, path) };
  } catch (error) {
    // The parser and the conversion throw on nesting beyond the stack, alias bombs and a few malformed merge keys.
    const reason = error instanceof RangeError ? 'nested too deeply' : error instanceof Error ? error.message : 'unreadable';
    notes.error({ file, path: '' }, `is not usable YAML: ${reason}`);
    return null;
  }
}

function lineOf(document: Document, lines: LineCounter, path: ConfigPath): number | null {
  let node: unknown = document.contents;
  let line: number | null = null;
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(segment));
      if (pair === undefined) return line;
      line = startLine(pair.key, lines) ?? line;
      node = pair.value;
    } else if (isSeq(node) && typeof segment === 'number') {
      node = node.items[segment];
      line = startLine(node, lines) ?? line;
    } else {
      return line;
    }
  }
  return line;
}

function startLine(node: unknown, lines: LineCounter): number | null {
  if (!isNode(node) || !node.range) return null;
  return lines.linePos(node.range[0]).line;
}
