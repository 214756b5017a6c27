// Deletion of traces and scores in the process that stores them: between two rounds of the consumer, so that no row is on its way while tombstones are written.
import { AppError } from '#lib/errors.ts';
import type { Folder } from '#observe/fold/port.ts';
import type { Consumer } from '#observe/store/consumer.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { DeletedTraces } from './deleted-traces.ts';
import type { Deletions } from './port.ts';
import { type DeletionRow, deletionById, noteHidden, requestDeletion } from './receipts.ts';
import { bury, keyOfScore, keysOfTraces } from './tombstones.ts';

export interface DeletionDependencies {
  analytics: Analytics;
  records: Pick<Records, 'query'>;
  deleted: DeletedTraces;
  consumer: Pick<Consumer, 'exclusively' | 'reached' | 'state'>;
  folder: Pick<Folder, 'forget'>;
  /** Where the journal ends now, for a request that does not say what was acknowledged before it. */
  journalEnd?: () => Promise<bigint>;
}

/** Traces a statement: bounds what the engine looks at at once. */
const TRACES_A_READ = 50;
const WAIT_MS = 10_000;

export function createDeletions(dependencies: DeletionDependencies): Deletions {
  const { records } = dependencies;
  const request = async (asked: Parameters<typeof requestDeletion>[1]): Promise<string> => {
    const id = await requestDeletion(records, asked);
    await hide(dependencies, (await deletionById(records, id)) as DeletionRow);
    return id;
  };
  return {
    traces: (projectId, traceIds) => request({ projectId, kind: 'traces', subjects: traceIds }),
    score: (projectId, scoreId, acceptedUpTo) => request({ projectId, kind: 'score', subjects: [scoreId], acceptedUpTo }),
  };
}

/** Hides what a deletion names from every read. May be repeated. @throws AppError 503 while the store is away; the deletion is done later. */
export async function hide(dependencies: DeletionDependencies, deletion: DeletionRow): Promise<void> {
  const { analytics, consumer, deleted, folder, records } = dependencies;
  const { project_id: projectId, kind, subjects } = deletion;
  if (kind === 'traces') {
    await deleted.remember(projectId, subjects);
    await consumer.exclusively(() => buryTraces(analytics, deleted, projectId, subjects), WAIT_MS);
  } else {
    // What was acknowledged before the deletion belongs to what is deleted.
    const upTo = deletion.accepted_up_to === null ? ((await dependencies.journalEnd?.()) ?? 0n) : BigInt(deletion.accepted_up_to);
    if (!(await consumer.reached(upTo, WAIT_MS))) throw behind();
    // Nobody has a key of a deleted project: its rows wait for the purge.
    if (kind === 'score') {
      await consumer.exclusively(async () => {
        for (const scoreId of subjects) {
          await bury(analytics, 'scores', keyOfScore(projectId, scoreId));
          folder.forget('score', projectId, scoreId);
        }
      }, WAIT_MS);
    }
  }
  await noteHidden(records, deletion.id, consumer.state().consumedSequence);
}

async function buryTraces(analytics: Analytics, deleted: DeletedTraces, projectId: string, traceIds: readonly string[]): Promise<void> {
  for (let start = 0; start < traceIds.length; start += TRACES_A_READ) {
    const some = traceIds.slice(start, start + TRACES_A_READ);
    for (const [table, keys] of keysOfTraces(projectId, some)) await bury(analytics, table, keys);
    await deleted.buried(projectId, some);
  }
}

/** Ends deletions of traces that an earlier process did not end. */
export async function resumeDeletions({ analytics, deleted, consumer }: Pick<DeletionDependencies, 'analytics' | 'deleted' | 'consumer'>): Promise<void> {
  for (let names = await deleted.unburied(1_000); names.length > 0; names = await deleted.unburied(1_000)) {
    const projects = Map.groupBy(names, (name) => name.projectId);
    for (const [projectId, members] of projects) {
      const traceIds = members.map((name) => name.traceId);
      await consumer.exclusively(() => buryTraces(analytics, deleted, projectId, traceIds), WAIT_MS * 6);
    }
  }
}

function behind(): AppError {
  return new AppError('The deletion waits for events that were accepted before it: it is done in a few seconds.', {
    status: 503,
    code: 'ServiceUnavailableError',
    retryAfterSeconds: 5,
  });
}
