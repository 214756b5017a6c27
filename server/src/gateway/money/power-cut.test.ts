// A power cut during calls: every call whose last byte was let go stands in the journal afterwards, exactly once, with all unsynced bytes of the disk dropped.
import { describe, expect, it } from 'vitest';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { UnsyncedFolder } from '#stores/journal/unsynced-file.ts';
import { settledCall, startedCall } from './call-fixture.ts';
import { createCallJournal } from './call-journal.ts';

const LIMITS = { payloadLimitBytes: 64 << 20, moneyReserveBytes: 1 << 20, lingerMs: 0 };
const silent = { began: () => {}, ended: () => {}, lost: () => {} };

async function settledIds(folder: UnsyncedFolder): Promise<string[]> {
  const writer = await openJournalWriter(folder, LIMITS);
  const { records } = await openJournalReader(folder).read(0n, { maxBytes: 64 << 20, kinds: [JournalKind.callSettled] });
  await writer.close();
  return records.map((record) => (JSON.parse(String(record.parts[0])) as { callId: string }).callId);
}

describe('a power cut during calls', () => {
  it.each([1, 3, 8, 21, 40])('after %i calls whose end a client saw keeps each of them exactly once', async (cutAfter) => {
    const folder = new UnsyncedFolder();
    const journal = createCallJournal({ writer: await openJournalWriter(folder, LIMITS), listener: silent, onContentDropped: () => {} });
    const seen: string[] = [];
    let dark: UnsyncedFolder | null = null;
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const call = startedCall();
        journal.started(call);
        // Calls last differently long, so that groups of every size are synced together.
        for (let turn = 0; turn < index % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
        await new Promise<void>((resolve, reject) =>
          journal.settled(settledCall(call, '0.0001'), Buffer.from('{"model":"m"}'), [Buffer.from('{"answer":1}')], (error) =>
            error === null ? resolve() : reject(error),
          ),
        );
        if (dark !== null) return;
        seen.push(call.callId);
        if (seen.length === cutAfter) dark = folder.powerCut();
      }),
    );
    const found = await settledIds(dark as unknown as UnsyncedFolder);
    expect(seen).toHaveLength(cutAfter);
    expect(seen.filter((id) => found.filter((other) => other === id).length !== 1)).toEqual([]);
  });
});
