// A deletion that is asked for closes the journal's segment, so that what it names lies in the archive soon, where it can be taken out.
import { DELETIONS_CHANNEL } from '#observe/deletion/receipts.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';
import type { Janitor } from './journal-janitor.ts';

/** Many deletions at once close one segment. */
const AFTER_MS = 1_000;

/** Listens for deletions. Returns how to end it. */
export async function rollForDeletions(records: Pick<Records, 'listen'>, janitor: Pick<Janitor, 'roll'>, log: Log): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | null = null;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      janitor.roll().catch((error: unknown) => log.warn('the journal could not be archived for a deletion; it is with the next round', { error }));
    }, AFTER_MS).unref();
  };
  const stopListening = await records.listen(DELETIONS_CHANNEL, soon, soon);
  return async () => {
    if (timer !== null) clearTimeout(timer);
    await stopListening();
  };
}
