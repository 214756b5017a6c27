// Money of gateways that ended without a word: any process that shares their records carries it into the ledger and bills what they left open.
import { createLedger } from '#gateway/money/ledger.ts';
import { claimDeadWriter, forgetWriter, lastWritten, MONEY_LEASE_SECONDS, openMoneyReader } from '#stores/journal/records-journal.ts';
import type { Records } from '#stores/records/port.ts';
import type { Log } from '#telemetry/log.ts';

export interface MoneyRecovery {
  /** Recovers one writer that is known to be dead, or all whose lease has ended. @throws AppError 503 when the records are away. */
  recover(writer?: bigint): Promise<void>;
  /** Calls billed at their reservation since the start of this process. */
  unknownCalls(): number;
  close(): Promise<void>;
}

const LOOK_MS = 5_000;

/** Name of the ledger's position in a writer's money. */
export const consumerOf = (writer: bigint): string => `ledger@records-${writer}`;

/** Looks every few seconds, but only after this process itself could reach the records for a whole lease: an outage makes every process seem dead. */
export function startMoneyRecovery(options: { records: Records; log: Log; lookMs?: number; graceMs?: number }): MoneyRecovery {
  const { records, log, lookMs = LOOK_MS, graceMs = MONEY_LEASE_SECONDS * 1000 } = options;
  let unknown = 0;
  let reachableSinceMs = performance.now();
  let looking: Promise<void> = Promise.resolve();

  const recoverOne = async (writer: bigint): Promise<void> => {
    const lastSequence = await lastWritten(records, writer);
    const state = { lastSequence, durableSequence: lastSequence };
    const source = { state: () => state, flush: async () => {} };
    const ledger = createLedger({ records, reader: openMoneyReader(records, writer), writer: source, log, consumer: consumerOf(writer) });
    const { applied, unknownCalls } = await ledger.start().finally(() => ledger.close());
    await forgetWriter(records, writer, consumerOf(writer));
    unknown += unknownCalls;
    log.info('what a gateway left that ended without a word is in the ledger', { writer, applied, unknownCalls });
  };
  const recover = async (writer?: bigint): Promise<void> => {
    for (let dead = await claimDeadWriter(records, writer); dead !== null; dead = await claimDeadWriter(records, writer)) await recoverOne(dead);
  };
  const look = async (): Promise<void> => {
    try {
      if (performance.now() - reachableSinceMs >= graceMs) await recover();
      else await records.ping(lookMs).then((answers) => answers || Promise.reject(new Error('the records do not answer')));
    } catch (error) {
      reachableSinceMs = performance.now();
      log.warn('money of other processes cannot be looked after at the moment', { error });
    }
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, lookMs).unref();
  return {
    recover,
    unknownCalls: () => unknown,
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}
