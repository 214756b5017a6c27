// What an ending gateway waits for: that its calls are in the shared journal, and no longer.
import { expect, it } from 'vitest';
import type { JournalAppender, JournalReader, JournalRecord } from '#stores/journal/port.ts';
import { createLog } from '#telemetry/log.ts';
import { startCallShipper } from './call-shipper.ts';

function shipping(records: JournalRecord[], takes: () => boolean) {
  const shipped: bigint[] = [];
  const reader: JournalReader = {
    read: async (after) => {
      const found = records.filter(({ sequence }) => sequence > after);
      return { records: found, lastSequence: found.at(-1)?.sequence ?? after, atEnd: true };
    },
    close: async () => {},
  };
  const shared = {
    // biome-ignore lint/complexity/useMaxParams: the port's form
    append: (_class: unknown, _kind: unknown, _project: unknown, parts: readonly Uint8Array[], done: (error: Error | null) => void) => {
      if (!takes()) return null;
      shipped.push(BigInt(Buffer.from(parts[0] as Uint8Array).toString()));
      setImmediate(() => done(null));
      return 1n;
    },
  } as unknown as JournalAppender;
  const positions = { load: async () => 0n, save: async () => {} } as never;
  const shipper = startCallShipper({ reader, shared, positions, log: createLog({ level: 'error' }) });
  return { shipper, shipped };
}

const record = (sequence: bigint): JournalRecord => ({ sequence, kind: 2, project: '', parts: [Buffer.from(String(sequence))] });

it('has handed everything over when nothing lies behind its position, although the journal counts on from a later number', async () => {
  const { shipper, shipped } = shipping([record(149n), record(150n)], () => true);
  expect(await shipper.reached(235n, 5_000)).toBe(true);
  expect(shipped).toEqual([149n, 150n]);
  await shipper.close();
});

it('says no when the shared journal does not take what is left', async () => {
  let takes = false;
  const { shipper, shipped } = shipping([record(1n)], () => takes);
  expect(await shipper.reached(1n, 150)).toBe(false);
  takes = true;
  expect(await shipper.reached(1n, 5_000)).toBe(true);
  expect(shipped).toEqual([1n]);
  await shipper.close();
});
