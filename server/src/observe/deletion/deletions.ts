// Deletion of traces and scores in the engine: between two rounds of the consumer, so that no row is on its way while tombstones are written.
import { AppError } from '#lib/errors.ts';
import type { Folder } from '#observe/fold/port.ts';
import type { Consumer } from '#observe/store/consumer.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { DeletedTraces } from './deleted-traces.ts';
import type { Deletions } from './port.ts';
import { bury, keyOfScore, keysOfTraces } from './tombstones.ts';

export interface DeletionDependencies {
  analytics: Analytics;
  deleted: DeletedTraces;
  consumer: Pick<Consumer, 'exclusively' | 'reached'>;
  folder: Pick<Folder, 'forget'>;
}

/** Traces a statement: bounds what the engine looks at at once. */
const TRACES_A_READ = 50;
const WAIT_MS = 10_000;

export function createDeletions(dependencies: DeletionDependencies): Deletions {
  const { analytics, consumer, deleted, folder } = dependencies;
  return {
    traces: async (projectId, traceIds) => {
      await deleted.remember(projectId, traceIds);
      await consumer.exclusively(() => buryTraces(analytics, deleted, projectId, traceIds), WAIT_MS);
    },
    score: async (projectId, scoreId, acceptedUpTo) => {
      // What was acknowledged before the deletion belongs to the score that is deleted.
      if (!(await consumer.reached(acceptedUpTo, WAIT_MS))) throw behind();
      await consumer.exclusively(async () => {
        await bury(analytics, 'scores', keyOfScore(projectId, scoreId));
        folder.forget('score', projectId, scoreId);
      }, WAIT_MS);
    },
  };
}

async function buryTraces(analytics: Analytics, deleted: DeletedTraces, projectId: string, traceIds: readonly string[]): Promise<void> {
  for (let start = 0; start < traceIds.length; start += TRACES_A_READ) {
    const some = traceIds.slice(start, start + TRACES_A_READ);
    for (const [table, keys] of keysOfTraces(projectId, some)) await bury(analytics, table, keys);
    await deleted.buried(projectId, some);
  }
}

/** Ends deletions that an earlier process did not end. */
export async function resumeDeletions({ analytics, deleted, consumer }: DeletionDependencies): Promise<void> {
  for (let names = await deleted.unburied(1_000); names.length > 0; names = await deleted.unburied(1_000)) {
    const projects = Map.groupBy(names, (name) => name.projectId);
    for (const [projectId, members] of projects) {
      const traceIds = members.map((name) => name.traceId);
      await consumer.exclusively(() => buryTraces(analytics, deleted, projectId, traceIds), WAIT_MS * 6);
    }
  }
}

function behind(): AppError {
  return new AppError('The deletion waits for events that were accepted before it: try again in a few seconds.', {
    status: 503,
    code: 'ServiceUnavailableError',
    retryAfterSeconds: 5,
  });
}
