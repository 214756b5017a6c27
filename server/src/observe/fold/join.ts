// The join: what two sets of stamped facts about one entity say together. Commutative, associative and idempotent (join.test.ts), so order and repetition of events do not matter.
import type { EntityEvent, EntityKind } from '#observe/ingest/events.ts';
import { isTruthyJson } from '#observe/ingest/text.ts';
import { ruleOf } from './rules.ts';
import { compareStamps, type Stamp } from './stamps.ts';

export type FieldValue = string | number | null | Readonly<Record<string, string>>;

/** A value and when it was said. */
export interface Stamped<Value = FieldValue> {
  readonly value: Value;
  readonly stamp: Stamp;
}

/** Everything known about one entity. Treated as immutable once it is in the cache. */
export interface EntityState {
  kind: EntityKind;
  projectId: string;
  id: string;
  fields: Record<string, Stamped>;
  /** Path -> text. */
  metadata: Record<string, Stamped<string>>;
  /** Sorted, without repetition. */
  tags: readonly string[];
  /** Least stamp of all events: what stands in for a missing start. */
  first: Stamp;
  /** Greatest journal sequence that changed something. */
  version: bigint;
  /** Least and greatest receipt of events that changed something, in microseconds. */
  createdAtUs: number;
  updatedAtUs: number;
  /** True while one whole event is all there is: its row needs no stamps. */
  whole: boolean;
}

/** An event as a state of its own. */
export function stateOf(event: EntityEvent): EntityState {
  const { stamp } = event;
  const fields: Record<string, Stamped> = {};
  for (const name in event.fields) {
    const value = (event.fields as Record<string, FieldValue | undefined>)[name];
    if (value !== undefined) fields[name] = { value, stamp };
  }
  const metadata: Record<string, Stamped<string>> = {};
  for (const path in event.metadata) metadata[path] = { value: event.metadata[path] as string, stamp };
  return {
    kind: event.kind,
    projectId: event.projectId,
    id: event.id,
    fields,
    metadata,
    tags: event.tags.length === 0 ? event.tags : sortedUnion([], event.tags),
    first: stamp,
    version: event.sequence,
    createdAtUs: event.receivedAtUs,
    updatedAtUs: event.receivedAtUs,
    whole: event.whole,
  };
}

/** Union of tags, sorted by code unit. */
function sortedUnion(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort();
}

/** A new state that says what both say. */
export function join(a: EntityState, b: EntityState): EntityState {
  const joined: EntityState = { ...a, fields: { ...a.fields }, metadata: { ...a.metadata } };
  joinInto(joined, b);
  return joined;
}

/** Joins `source` into `target` (which the caller owns); true when the target says something new. */
export function joinInto(target: EntityState, source: EntityState): boolean {
  let changed = joinFields(target, source);
  changed = joinMetadata(target, source) || changed;
  if (source.tags.some((tag) => !target.tags.includes(tag))) {
    target.tags = sortedUnion(target.tags, source.tags);
    changed = true;
  }
  if (compareStamps(source.first, target.first) < 0) {
    target.first = source.first;
    changed = true;
  }
  if (source.createdAtUs < target.createdAtUs) {
    target.createdAtUs = source.createdAtUs;
    changed = true;
  }
  if (!changed) return false;
  target.whole = false;
  if (source.version > target.version) target.version = source.version;
  if (source.updatedAtUs > target.updatedAtUs) target.updatedAtUs = source.updatedAtUs;
  return true;
}

function joinFields(target: EntityState, source: EntityState): boolean {
  let changed = false;
  for (const name in source.fields) {
    const theirs = source.fields[name] as Stamped;
    const ours = target.fields[name];
    if (ours === undefined || (ours !== theirs && wins(ruleOf(target.kind, name), theirs, ours))) {
      target.fields[name] = theirs;
      changed = true;
    }
  }
  return changed;
}

function joinMetadata(target: EntityState, source: EntityState): boolean {
  let changed = false;
  for (const path in source.metadata) {
    const theirs = source.metadata[path] as Stamped<string>;
    const ours = target.metadata[path];
    if (ours === undefined || (ours !== theirs && metadataWins(theirs, ours))) {
      target.metadata[path] = theirs;
      changed = true;
    }
  }
  return changed;
}

/** A null inside metadata never takes the place of something. */
function metadataWins(a: Stamped<string>, b: Stamped<string>): boolean {
  const emptiness = Number(b.value === 'null') - Number(a.value === 'null');
  return (emptiness || compareStamps(a.stamp, b.stamp) || compareValues(a.value, b.value)) > 0;
}

function wins(rule: Rule, a: Stamped, b: Stamped): boolean {
  switch (rule) {
    case 'last':
      return (compareStamps(a.stamp, b.stamp) || compareValues(a.value, b.value)) > 0;
    case 'first':
      return (compareStamps(a.stamp, b.stamp) || compareValues(a.value, b.value)) < 0;
    case 'min':
      return (Number(a.value) - Number(b.value) || compareStamps(a.stamp, b.stamp)) < 0;
    case 'truthy': {
      const truth = Number(isTruthyJson(String(a.value))) - Number(isTruthyJson(String(b.value)));
      return (truth || compareStamps(a.stamp, b.stamp) || compareValues(a.value, b.value)) > 0;
    }
  }
}

type Rule = ReturnType<typeof ruleOf>;

/** Orders values of equal stamps (one event id sent with two contents), so that even then order does not matter. */
function compareValues(a: FieldValue, b: FieldValue): number {
  if (a === b) return 0;
  const [textA, textB] = [sortableText(a), sortableText(b)];
  return textA < textB ? -1 : textA > textB ? 1 : 0;
}

function sortableText(value: FieldValue): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
