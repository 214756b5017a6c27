// A job that has ended is counted, exactly once whoever finds it and however often: its record has the call's own id, so that the ledger takes it once, in the place of
// what the job held; the accounts in memory are corrected only by the one who closes the row.
import type { CallSettled } from '#call-record.ts';
import type { GatewayDeps } from '#gateway/deps.ts';

/** What is written down of a job that has ended. */
export interface JobEnd {
  readonly record: CallSettled;
  readonly request: Uint8Array | null;
  readonly answer: readonly Buffer[];
  readonly actualPicos: bigint;
}

export interface OpenJob {
  readonly id: string;
  /** Picos; null = the price is unknown. */
  readonly reservedPicos: bigint | null;
  readonly accounts: readonly string[];
}

/** Where the job is kept. */
export interface JobBook {
  /** Whether the ledger still counts it at its reservation. */
  isOpen(id: string): Promise<boolean>;
  settle(id: string): Promise<boolean>;
}

/** @throws when its end cannot be read or the record not written: then it is tried again. */
export async function countOnce(deps: Pick<GatewayDeps, 'journal' | 'budgets'>, book: JobBook, job: OpenJob, end: () => Promise<JobEnd>): Promise<void> {
  const open = await book.isOpen(job.id);
  let actualPicos = 0n;
  if (open) {
    const ended = await end();
    actualPicos = ended.actualPicos;
    await written(deps, ended);
  }
  // What an earlier look had counted before its process died is in the accounts by way of the ledger.
  if ((await book.settle(job.id)) && open) deps.budgets.correct(job.accounts, actualPicos - (job.reservedPicos ?? 0n));
}

function written({ journal }: Pick<GatewayDeps, 'journal'>, { record, request, answer }: JobEnd): Promise<void> {
  return new Promise((resolve, reject) => journal.settled(record, request, answer, (error) => (error === null ? resolve() : reject(error))));
}
