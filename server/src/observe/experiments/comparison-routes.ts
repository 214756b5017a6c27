// GET /unstable/experiment-comparison: a dataset run, alone or against a baseline, with intervals (what `./genai gate` reads); below it /items: several runs item by item.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { invalidRequest } from '#observe/api/body.ts';
import { parameters, projectOf, wordsParameter } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { compareRuns, itemMeans, type Measured } from './comparison.ts';
import { itemsOfRun, measuredOf } from './measured.ts';

const query = z.object({
  datasetName: z.string().min(1).max(500),
  runName: z.string().min(1).max(500),
  baselineRunName: z.string().min(1).max(500).optional(),
});

/** Runs that are looked at side by side. */
const MAX_RUNS = 5;
const itemsQuery = z.object({ datasetName: z.string().min(1).max(500), runName: wordsParameter });

export interface ComparisonParts {
  records: Pick<Records, 'query'>;
  ask: AskEngine;
}

export function comparisonRoutes(parts: ComparisonParts): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse-unstable', access: ['project-key'], method: 'GET' } as const;
  return [
    {
      ...common,
      path: '/api/public/unstable/experiment-comparison',
      summary: 'A dataset run against a baseline: scores, cost and latency with 95 % intervals',
      query,
      handle: (context) => compare(parts, context),
    },
    {
      ...common,
      path: '/api/public/unstable/experiment-comparison/items',
      summary: 'Up to five runs of a dataset, item by item: scores, cost and latency of each',
      query: itemsQuery,
      handle: (context) => compareItems(parts, context),
    },
  ];
}

async function compare(parts: ComparisonParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, query);
  const projectId = projectOf(principal);
  const measure = async (runName: string): Promise<Measured[]> =>
    measuredOf(parts.ask, principal, (await itemsOfRun(parts.records, projectId, asked.datasetName, runName)).items);
  const run = await measure(asked.runName);
  const baseline = asked.baselineRunName === undefined ? null : await measure(asked.baselineRunName);
  return http.json({
    ...asked,
    confidence: 0.95,
    method: "Wilson's interval for yes-or-no scores, percentile bootstrap (2,000 resamples, seeded) for the rest; differences are paired by item",
    items: { run: new Set(run.map(({ itemId }) => itemId)).size, baseline: baseline === null ? null : new Set(baseline.map(({ itemId }) => itemId)).size },
    metrics: compareRuns(run, baseline),
  });
}

/** Every item that a run has, in the order in which the runs met them; the means of its repetitions run by run, null where a run has not got it. */
async function compareItems(parts: ComparisonParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, itemsQuery);
  const names = [...new Set(asked.runName)];
  if (names.length === 0 || names.length > MAX_RUNS) throw invalidRequest(`Name 1 to ${MAX_RUNS} runs: repeat the parameter runName.`);
  const projectId = projectOf(principal);
  const runs: { id: string; name: string; traces: Map<string, string[]>; values: Map<string, Record<string, number>> }[] = [];
  for (const name of names) {
    const { runId, items } = await itemsOfRun(parts.records, projectId, asked.datasetName, name);
    const traces = new Map([...Map.groupBy(items, ({ itemId }) => itemId)].map(([item, all]) => [item, all.map(({ traceId }) => traceId)]));
    runs.push({ id: runId, name, traces, values: meansOf(await measuredOf(parts.ask, principal, items)) });
  }
  const itemIds = [...new Set(runs.flatMap(({ traces }) => [...traces.keys()]))];
  return http.json({
    datasetName: asked.datasetName,
    runs: runs.map(({ id, name }) => ({ id, name })),
    items: itemIds.map((itemId) => ({
      itemId,
      runs: runs.map(({ traces, values }) => (traces.has(itemId) ? { traceIds: traces.get(itemId), values: values.get(itemId) ?? {} } : null)),
    })),
  });
}

/** The mean of each measure of each item. */
function meansOf(measured: readonly Measured[]): Map<string, Record<string, number>> {
  const means = new Map<string, Record<string, number>>();
  for (const name of new Set(measured.flatMap(({ values }) => Object.keys(values))))
    for (const [itemId, mean] of itemMeans(measured, name)) means.set(itemId, { ...means.get(itemId), [name]: mean });
  return means;
}
