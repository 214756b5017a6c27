// Metadata between its two forms: stamped paths (what is joined) and top-level keys with text (what is stored).
import { PATH_SEPARATOR } from '#observe/ingest/events.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import type { Stamped } from './join.ts';
import { compareStamps } from './stamps.ts';

type Paths = Readonly<Record<string, Stamped<string>>>;

/** Top-level keys with text. A path and a deeper one under it contradict each other: the newer wins, a null never. */
export function renderMetadata(paths: Paths): Record<string, string> {
  const rendered: Record<string, string> = {};
  let nested: [string, Stamped<string>][] | null = null;
  for (const path in paths) {
    const stamped = paths[path] as Stamped<string>;
    if (path.includes(PATH_SEPARATOR)) {
      nested ??= [];
      nested.push([path, stamped]);
    } else rendered[path] = stamped.value;
  }
  if (nested !== null) renderNested(rendered, nested, paths);
  return rendered;
}

function renderNested(rendered: Record<string, string>, nested: [string, Stamped<string>][], paths: Paths): void {
  const tops = new Set(nested.map(([path]) => path.slice(0, path.indexOf(PATH_SEPARATOR))));
  const entries: [string, Stamped<string>][] = [...nested];
  for (const top of tops) if (paths[top] !== undefined) entries.push([top, paths[top]]);
  entries.sort(
    ([pathA, a], [pathB, b]) =>
      Number(a.value !== 'null') - Number(b.value !== 'null') || compareStamps(a.stamp, b.stamp) || (pathA < pathB ? -1 : pathA > pathB ? 1 : 0),
  );
  const root = new Map<string, Node>();
  for (const [path, { value }] of entries) place(root, path.split(PATH_SEPARATOR), value);
  for (const top of tops) rendered[top] = text(root.get(top) as Node);
}

/** A leaf's text, or an object's members. */
type Node = string | Map<string, Node>;

function place(root: Map<string, Node>, segments: string[], value: string): void {
  let members = root;
  for (const segment of segments.slice(0, -1)) {
    const known = members.get(segment);
    if (known instanceof Map) members = known;
    else {
      const created = new Map<string, Node>();
      members.set(segment, created);
      members = created;
    }
  }
  members.set(segments.at(-1) as string, value);
}

/** JSON text of a node; leaves below the top are JSON text already. */
function text(node: Node): string {
  if (typeof node === 'string') return node;
  return `{${[...node].map(([key, member]) => `${JSON.stringify(key)}:${text(member)}`).join(',')}}`;
}

/** The text at a path of stored metadata; undefined when something newer has replaced it. */
export function textAt(metadata: Readonly<Record<string, string>>, path: string, hasDeeper: boolean): string | undefined {
  const [top, ...deeper] = path.split(PATH_SEPARATOR) as [string, ...string[]];
  const stored = Object.hasOwn(metadata, top) ? metadata[top] : undefined;
  if (stored === undefined) return undefined;
  if (deeper.length === 0) return hasDeeper && isObject(parseJson(stored)) ? undefined : stored;
  let value: unknown = parseJson(stored);
  for (const segment of deeper) {
    if (!isObject(value) || !Object.hasOwn(value, segment)) return undefined;
    value = value[segment];
  }
  if (hasDeeper && isObject(value)) return undefined;
  try {
    return JSON.stringify(value);
  } catch {
    // Nested more deeply than the stack of the moment allows: left as it is stored rather than stopping the fold.
    return undefined;
  }
}
