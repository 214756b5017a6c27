// Scores of traces, observations and sessions, with the ids that they have.
import { Batches, eventOf } from './batches.ts';
import { type CopyRun, countOf, refuse } from './run.ts';
import { pick } from './same.ts';

interface Score {
  id: string;
  timestamp: string;
  dataType: string;
  value?: number;
  stringValue?: string;
  configId: string | null;
  datasetRunId: string | null;
}

const FIELDS = ['id', 'traceId', 'observationId', 'sessionId', 'name', 'source', 'comment', 'metadata', 'environment', 'dataType', 'timestamp'];

export async function copyScores(run: CopyRun): Promise<void> {
  const counts = countOf(run, 'score');
  const batches = new Batches(run.target, (event, reason) => {
    counts.new -= 1;
    refuse(run, 'score', String(event.body.id), reason);
  });
  const range = `${run.range.from === null ? '' : `&fromTimestamp=${encodeURIComponent(run.range.from)}`}&toTimestamp=${encodeURIComponent(run.range.to)}`;
  for await (const { data, total } of run.source.pages<Score>(`/v2/scores?fields=score${range}`)) {
    for (const score of data) {
      counts.read += 1;
      if (score.datasetRunId !== null && score.datasetRunId !== undefined) {
        refuse(run, 'score', score.id, 'of-a-run');
        continue;
      }
      if (run.apply) await batches.add(eventOf('score-create', score.timestamp, bodyOf(run, score)));
      counts.new += 1;
    }
    await batches.flush();
    run.onProgress('score', counts.read, total);
  }
}

/** A config has another id there; without one the score stands by itself. */
function bodyOf(run: CopyRun, score: Score): Record<string, unknown> {
  const config = score.configId === null ? undefined : run.configIds.get(score.configId);
  const value = score.dataType === 'NUMERIC' || score.dataType === 'BOOLEAN' ? score.value : score.stringValue;
  return { ...pick(score, FIELDS), value, ...(config === undefined ? {} : { configId: config }) };
}
