// A process that only reads: the events are stored by workers, and what must wait for the storing consumer is refused.
import { AppError } from '#lib/errors.ts';
import type { Consumer } from './consumer.ts';

export function consumerElsewhere(): Consumer {
  return {
    wake: () => {},
    state: () => ({ consumedSequence: 0n, lagRecords: 0, lagMs: 0, writtenRows: 0, deadLetters: 0, failedRounds: 0, atEndAtMs: 0 }),
    reached: async () => false,
    exclusively: async () => {
      throw new AppError('This process only reads: workers store the events.', { status: 501, code: 'not_implemented' });
    },
    stop: async () => {},
  };
}
