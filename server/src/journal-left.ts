// Whether what was received up to some place may still lie in a journal, and not in the archive: asked before a deletion is taken for whole.
import { readdir } from 'node:fs/promises';
import { firstSequenceOf } from '#stores/journal/segment.ts';
import { placeOf, sequenceOf } from '#stores/journal/shared-object.ts';
import { newestObject, oldestObject } from '#stores/journal/shared-registry.ts';
import type { Records } from '#stores/records/port.ts';

/** A gateway closes its own segment at least this often, and somewhat later it is archived. */
const OTHER_DISKS_MS = 20 * 60_000;

/** A journal folder: a segment that begins at or before the place is there still. */
export async function folderHolds(folder: string, sequence: bigint): Promise<boolean> {
  const names = await readdir(folder);
  return names.some((name) => {
    const first = firstSequenceOf(name);
    return first !== null && first <= sequence;
  });
}

/** The shared journal's objects; and gateways hold their calls on disks of their own for a while. */
export async function sharedHolds(records: Pick<Records, 'query'>, sequence: bigint, reachedAtMs: number): Promise<boolean> {
  if (Date.now() < reachedAtMs + OTHER_DISKS_MS) return true;
  const oldest = await oldestObject(records);
  return oldest !== null && oldest.number <= placeOf(sequence).number;
}

/** The sequence of the last record that is registered. */
export async function sharedEnd(records: Pick<Records, 'query'>): Promise<bigint> {
  const newest = await newestObject(records);
  return newest === null ? 0n : sequenceOf(newest.number, newest.records);
}
