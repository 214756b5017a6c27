// Opens a journal folder for writing: cuts a torn tail, makes what is left durable and continues the sequence in a new segment.
import { ClosedSegments } from './closed-segments.ts';
import { type JournalFolder, openJournalFolder } from './file.ts';
import { OpenSegment } from './open-segment.ts';
import type { JournalWriter } from './port.ts';
import { firstSequenceOf, measureSegment, SEQUENCES_PER_START, segmentsAmong } from './segment.ts';
import { FileJournalWriter, type WriterSettings } from './writer.ts';

export interface JournalSettings extends Partial<Omit<WriterSettings, 'payloadLimitBytes' | 'moneyReserveBytes'>> {
  readonly payloadLimitBytes: number;
  readonly moneyReserveBytes: number;
  /** The furthest position of any consumer: sequences continue beyond it even when the folder's files are gone. */
  readonly continueAfter?: bigint;
}

const DEFAULTS = { segmentBytes: 64 * 1024 * 1024, lingerMs: 2, nowSyncMs: 50, onFault: () => {} };

/**
 * The only writer of a folder (the data folder's lock keeps a second one out). Only the last segment is read, so the start does not grow with the backlog.
 * @throws what the file system says when the folder cannot be used.
 */
export async function openJournalWriter(folder: string | JournalFolder, settings: JournalSettings): Promise<JournalWriter> {
  const files = typeof folder === 'string' ? openJournalFolder(folder) : folder;
  const names = segmentsAmong(files.list());
  const last = names.at(-1);
  const tail = last === undefined ? null : await recoverTail(files, last);
  const closed = new ClosedSegments(files);
  for (const name of names) if (name !== last) closed.add(name, files.sizeOf(name), null);
  if (last !== undefined && tail !== null && !tail.isEmpty) closed.add(last, tail.goodBytes, tail.lastSequence);
  const lastSequence = greater(tail?.lastSequence ?? 0n, settings.continueAfter ?? 0n);
  const nextSequence = last === undefined && lastSequence === 0n ? 1n : (lastSequence / SEQUENCES_PER_START + 1n) * SEQUENCES_PER_START;
  const merged = { ...DEFAULTS, ...settings };
  const segment = OpenSegment.create(files, nextSequence, merged.segmentBytes);
  await new Promise<void>((resolve, reject) => files.sync((error) => (error === null ? resolve() : reject(error))));
  // Only now that its successor's name is durable: the newest name is what remembers how far the sequence has come.
  if (last !== undefined && tail?.isEmpty) files.remove(last);
  return new FileJournalWriter({ folder: files, closed, segment }, { lastSequence, nextSequence }, merged);
}

interface Tail {
  goodBytes: number;
  /** The last record's, or for an empty segment the one its name begins with: that start has been used up. */
  lastSequence: bigint;
  isEmpty: boolean;
}

async function recoverTail(folder: JournalFolder, name: string): Promise<Tail> {
  const readable = await folder.openForRead(name);
  const measured = await measureSegment(readable).finally(() => readable.close());
  const file = folder.openForCut(name);
  try {
    if (folder.sizeOf(name) !== measured.goodBytes) file.truncate(measured.goodBytes);
    // What a killed process had only handed to the operating system becomes durable before anyone is told that it is.
    file.syncNow();
  } finally {
    file.close();
  }
  return { goodBytes: measured.goodBytes, lastSequence: measured.lastSequence ?? (firstSequenceOf(name) as bigint), isEmpty: measured.lastSequence === null };
}

function greater(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
