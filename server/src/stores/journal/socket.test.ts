// Appending to another process's journal: the conformance through the socket, a journal that is full, a connection that breaks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { appended, appenderConformance } from './conformance-appender.ts';
import { openJournalWriter } from './open.ts';
import { type JournalAppender, JournalKind } from './port.ts';
import { openJournalReader } from './reader.ts';
import { openSocketAppender } from './socket-appender.ts';
import { serveJournal } from './socket-host.ts';

const text = (value: string): Buffer => Buffer.from(value);

appenderConformance('the journal of another process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-journal-socket-'));
  const path = join(folder, 'journal.sock');
  const writer = await openJournalWriter(join(folder, 'journal'), { payloadLimitBytes: 64 * 1024 * 1024, moneyReserveBytes: 1024 * 1024 });
  const host = await serveJournal(path, writer);
  return {
    openWriter: () => openSocketAppender(path),
    openReader: () => openJournalReader(join(folder, 'journal')),
    async remove() {
      await host.close();
      await writer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

it('tells a full journal and a broken connection to whoever waits, and refuses from then on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-journal-socket-'));
  const path = join(folder, 'journal.sock');
  const held: ((error: Error | null) => void)[] = [];
  const journal: Pick<JournalAppender, 'append'> = {
    // biome-ignore lint/complexity/useMaxParams: the port's form
    append: (_class, _kind, project, _parts, done) => (project === 'full' ? null : BigInt(held.push(done))),
  };
  const host = await serveJournal(path, journal);
  const writer = await openSocketAppender(path);
  await expect(appended(writer, 'full', [text('{}')])).rejects.toThrow('the journal is full');
  const waiting = appended(writer, 'p', [text('{}')]);
  await expect.poll(() => held.length).toBe(1);
  await host.close();
  await expect(waiting).rejects.toThrow('broke');
  expect(writer.append('payload', JournalKind.ingestionBatch, 'p', [text('{}')], () => {})).toBeNull();
  await writer.close();
  await expect(openSocketAppender(path)).rejects.toMatchObject({ code: 'journal_away' });
  rmSync(folder, { recursive: true, force: true });
});
