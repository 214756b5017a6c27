// The `stamps` column: when each field and metadata path of a stored row was said, as compact JSON; '' for a row that is one whole event.
import { PATH_SEPARATOR } from '#observe/ingest/events.ts';
import { isObject, parseJson } from '#observe/ingest/text.ts';
import type { EntityState, FieldValue, Stamped } from './join.ts';
import { textAt } from './metadata-paths.ts';
import type { Stamp } from './stamps.ts';

/** s = distinct stamps as [timeUs, rank, hash], the first one being the entity's least; f, m = field and path -> index; v = values that their column does not show as they were sent. */
interface Stored {
  s: [number, number, number][];
  f: Record<string, number>;
  m: Record<string, number>;
  v?: Record<string, FieldValue>;
}

/** The column's text of a state. `hidden` = fields that a better source covers for ever, `shown` = values that differ from their column. */
export function encodeStamps(state: EntityState, hidden: ReadonlySet<string>, changed: Readonly<Record<string, FieldValue>>): string {
  if (state.whole) return '';
  const stored: Stored = { s: [], f: {}, m: {} };
  const indexes = new Map<Stamp, number>();
  const byText = new Map<string, number>();
  const indexOf = (stamp: Stamp): number => {
    let index = indexes.get(stamp);
    if (index !== undefined) return index;
    const text = `${stamp.timeUs}.${stamp.rank}.${stamp.hash}`;
    index = byText.get(text);
    if (index === undefined) {
      index = stored.s.push([stamp.timeUs, stamp.rank, stamp.hash]) - 1;
      byText.set(text, index);
    }
    indexes.set(stamp, index);
    return index;
  };
  indexOf(state.first);
  for (const name in state.fields) if (!hidden.has(name)) stored.f[name] = indexOf((state.fields[name] as Stamped).stamp);
  for (const path in state.metadata) stored.m[path] = indexOf((state.metadata[path] as Stamped).stamp);
  for (const _ in changed) {
    stored.v = changed;
    break;
  }
  return JSON.stringify(stored);
}

/** What a stored row said, stamped again. `columns` = every field that its columns show; `whole` = the stamp of a row without stamps. */
export function decodeStamps(
  row: { stamps: string; metadata: Record<string, string> },
  columns: Readonly<Record<string, FieldValue | undefined>>,
  whole: Stamp,
): Pick<EntityState, 'fields' | 'metadata' | 'first' | 'whole'> {
  const parsed = row.stamps === '' ? null : parseJson(row.stamps);
  if (!isObject(parsed) || !Array.isArray(parsed.s)) return decodeWhole(row.metadata, columns, whole);
  const stored = parsed as unknown as Stored;
  const stamps: Stamp[] = stored.s.map(([timeUs, rank, hash]) => ({ timeUs, rank: rank === 1 ? 1 : 0, hash }));
  const fields: Record<string, Stamped> = {};
  for (const [name, index] of Object.entries(stored.f)) {
    const value = stored.v !== undefined && Object.hasOwn(stored.v, name) ? stored.v[name] : columns[name];
    if (value !== undefined) fields[name] = { value, stamp: stamps[index] as Stamp };
  }
  const metadata: Record<string, Stamped<string>> = {};
  const paths = Object.keys(stored.m);
  const parents = new Set(paths.flatMap(ancestors));
  for (const path of paths) {
    const value = textAt(row.metadata, path, parents.has(path));
    if (value !== undefined) metadata[path] = { value, stamp: stamps[stored.m[path] as number] as Stamp };
  }
  return { fields, metadata, first: stamps[0] ?? whole, whole: false };
}

function ancestors(path: string): string[] {
  const found: string[] = [];
  for (let at = path.lastIndexOf(PATH_SEPARATOR); at > 0; at = path.lastIndexOf(PATH_SEPARATOR, at - 1)) found.push(path.slice(0, at));
  return found;
}

function decodeWhole(texts: Record<string, string>, columns: Readonly<Record<string, FieldValue | undefined>>, stamp: Stamp): ReturnType<typeof decodeStamps> {
  const fields: Record<string, Stamped> = {};
  for (const name in columns) {
    const value = columns[name];
    if (value !== undefined && value !== null) fields[name] = { value, stamp };
  }
  const metadata: Record<string, Stamped<string>> = {};
  for (const key in texts) metadata[key] = { value: texts[key] as string, stamp };
  return { fields, metadata, first: stamp, whole: true };
}
