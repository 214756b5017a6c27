// Runs the server's restore with a progress bar, and says in one line why it could not be done.
import type { RestoreInput, RestoreResult } from '@genai/server/platform';
import { StartRefused } from '@genai/server/platform';
import { formatNote } from '@genai/server/settings';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';

/** By name, so that the command line type-checks against the contract alone. */
const SERVER_MODULE: string = '@genai/server/restore';

/** @returns null when it could not be done; the reason has been said. */
export async function runRestore(io: Io, input: Omit<RestoreInput, 'onProgress'>): Promise<RestoreResult | null> {
  const { restorePlatform } = (await import(SERVER_MODULE)) as { restorePlatform(input: RestoreInput): Promise<RestoreResult> };
  try {
    const restored = await restorePlatform({ ...input, onProgress: (step, percent) => io.progress(percent, io.text(`growth.step-${step}` as MessageCode)) });
    if (!input.dryRun) io.progress(100, io.text('verify.done'));
    return restored;
  } catch (error) {
    if (error instanceof StartRefused) for (const note of error.notes) io.notify('start.fault', { text: formatNote(note) });
    io.notify('growth.refused', { reason: (error as Error).message });
    return null;
  }
}
