// Datasets with their items, and the runs over them.

import { Refused } from './api.ts';
import { type CopyRun, countOf, refuse } from './run.ts';
import { isSame, pick } from './same.ts';

interface Dataset {
  name: string;
}
interface Item {
  id: string;
}
interface RunItem {
  datasetItemId: string;
  traceId: string;
  observationId: string | null;
}
interface DatasetRun {
  name: string;
  description: string | null;
  metadata: unknown;
  datasetRunItems: RunItem[];
}

const DATASET_FIELDS = ['name', 'description', 'metadata', 'inputSchema', 'expectedOutputSchema'];
const ITEM_FIELDS = ['id', 'input', 'expectedOutput', 'metadata', 'sourceTraceId', 'sourceObservationId', 'status'];

export async function copyDatasets(run: CopyRun): Promise<void> {
  const counts = countOf(run, 'dataset');
  for await (const { data, total } of run.source.pages<Dataset>('/v2/datasets')) {
    for (const dataset of data) {
      counts.read += 1;
      const known = await run.target.get<Dataset>(`/v2/datasets/${encodeURIComponent(dataset.name)}`);
      const isKnown = known !== null && isSame(pick(known, DATASET_FIELDS), pick(dataset, DATASET_FIELDS));
      if (!isKnown && run.apply) await run.target.send('POST', '/v2/datasets', pick(dataset, DATASET_FIELDS));
      counts[isKnown ? 'unchanged' : 'new'] += 1;
      await copyItems(run, dataset.name, known !== null);
      run.onProgress('dataset', counts.read, total);
    }
  }
}

async function copyItems(run: CopyRun, datasetName: string, isThere: boolean): Promise<void> {
  const counts = countOf(run, 'dataset-item');
  // Oldest first, so that the list there is in the same order.
  const items: Item[] = [];
  for await (const { data } of run.source.pages<Item>(`/dataset-items?datasetName=${encodeURIComponent(datasetName)}`)) items.push(...data);
  for (const item of items.reverse()) {
    counts.read += 1;
    const known = isThere ? await run.target.get<Item>(`/dataset-items/${encodeURIComponent(item.id)}`) : null;
    if (known !== null && isSame(pick(known, ITEM_FIELDS), pick(item, ITEM_FIELDS))) {
      counts.unchanged += 1;
      continue;
    }
    try {
      if (run.apply) await run.target.send('POST', '/dataset-items', { datasetName, ...pick(item, ITEM_FIELDS) });
      counts.new += 1;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(run, 'dataset-item', item.id, error.message);
    }
  }
}

/** After the traces: a run is the traces that it made. */
export async function copyRuns(run: CopyRun): Promise<void> {
  const counts = countOf(run, 'run');
  for await (const { data } of run.source.pages<Dataset>('/v2/datasets')) {
    for (const { name } of data) {
      const path = `/datasets/${encodeURIComponent(name)}/runs`;
      for await (const { data: runs, total } of run.source.pages<{ name: string }>(path)) {
        for (const one of runs) {
          counts.read += 1;
          await copyRun(run, `${path}/${encodeURIComponent(one.name)}`);
          run.onProgress('run', counts.read, total);
        }
      }
    }
  }
}

async function copyRun(run: CopyRun, path: string): Promise<void> {
  const counts = countOf(run, 'run');
  const wanted = await run.source.get<DatasetRun>(path);
  if (wanted === null) return;
  const known = await run.target.get<DatasetRun>(path);
  const nameOf = ({ datasetItemId, traceId, observationId }: RunItem): string => JSON.stringify([datasetItemId, traceId, observationId]);
  const here = new Set(known?.datasetRunItems.map(nameOf));
  const missing = wanted.datasetRunItems.filter((item) => !here.has(nameOf(item)));
  if (known !== null && missing.length === 0) {
    counts.unchanged += 1;
    return;
  }
  for (const item of run.apply ? missing.reverse() : []) {
    await run.target.send('POST', '/dataset-run-items', {
      ...{ runName: wanted.name, datasetItemId: item.datasetItemId, traceId: item.traceId },
      ...(item.observationId === null ? {} : { observationId: item.observationId }),
      ...(wanted.description === null ? {} : { runDescription: wanted.description }),
      ...(wanted.metadata === null || wanted.metadata === undefined ? {} : { metadata: wanted.metadata }),
    });
  }
  counts.new += 1;
}
