// Runs over datasets: /api/public/dataset-run-items and /datasets/{name}/runs (langfuse.md §1.12).
import type { Route, RouteContext } from '#http/route.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { bodyOf, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { notFound, pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { addRunItem, foundDataset } from './datasets.ts';
import { deleteRun, listRunItems, listRuns, type RunRow, runByName, runOfDataset } from './run-sql.ts';
import { pageParameters, runItemBody, runItemListParameters } from './schema.ts';
import { runItemOf, runOf } from './shape.ts';

/** A run is answered with all its items: larger ones are paged by GET /api/public/dataset-run-items. */
const MAX_ITEMS_WHOLE = 10_000;

/** The routes over the records; `ask` finds the trace of an observation. */
export function datasetRunRoutes(records: Records, ask: AskEngine): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const items = '/api/public/dataset-run-items';
  const runs = '/api/public/datasets/:datasetName/runs';
  return [
    {
      ...common,
      method: 'GET',
      path: items,
      summary: 'List items of a dataset run',
      query: runItemListParameters,
      handle: (context) => listItemsOfRun(records, context),
    },
    {
      ...common,
      method: 'POST',
      path: items,
      summary: 'Put a trace into a dataset run',
      body: runItemBody,
      handle: (context) => create(records, ask, context),
    },
    { ...common, method: 'GET', path: runs, summary: 'List runs of a dataset', query: pageParameters, handle: (context) => list(records, context) },
    { ...common, method: 'GET', path: `${runs}/:runName`, summary: 'Get a dataset run with its items', handle: (context) => get(records, context) },
    { ...common, method: 'DELETE', path: `${runs}/:runName`, summary: 'Delete a dataset run; its traces stay', handle: (context) => remove(records, context) },
  ];
}

async function create(records: Records, ask: AskEngine, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, runItemBody);
  const row = await addRunItem(records, projectOf(principal), body, async (observationId) => {
    const found = await ask(principal, `/api/public/observations/${encodeURIComponent(observationId)}`);
    return found === null ? null : String((found as { traceId: unknown }).traceId);
  });
  return http.json(runItemOf(row));
}

async function listItemsOfRun(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, runItemListParameters);
  const run = await runOfDataset(records, { projectId: projectOf(principal), ...asked });
  if (run === null) throw notFound('Dataset run not found for the given project and dataset id');
  const { rows, total } = await listRunItems(records, run.id, asked);
  return http.json({ data: rows.map(runItemOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageParameters);
  const dataset = await foundDataset(records, projectOf(principal), http.req.param('datasetName') ?? '');
  const { rows, total } = await listRuns(records, dataset.id, asked);
  return http.json({ data: rows.map(runOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function foundRun(records: Records, { http, principal }: RouteContext): Promise<RunRow> {
  const key = { projectId: projectOf(principal), datasetName: http.req.param('datasetName') ?? '', runName: http.req.param('runName') ?? '' };
  const run = await runByName(records, key);
  if (run === null) throw notFound('Dataset run not found');
  return run;
}

async function get(records: Records, context: RouteContext): Promise<Response> {
  const run = await foundRun(records, context);
  const { rows } = await listRunItems(records, run.id, { page: 1, limit: MAX_ITEMS_WHOLE });
  return context.http.json({ ...runOf(run), datasetRunItems: rows.map(runItemOf) });
}

async function remove(records: Records, context: RouteContext): Promise<Response> {
  await deleteRun(records, (await foundRun(records, context)).id);
  return context.http.json({ message: 'Dataset run successfully deleted' });
}
