// Datasets and their items: /api/public/v2/datasets, /datasets and /dataset-items (langfuse.md §1.12).
import type { Context } from 'hono';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, MAX_BODY_BYTES } from '#observe/api/body.ts';
import { notFound, pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import { addressOf } from '#observe/media/origin.ts';
import { resolveReferences } from '#observe/media/references.ts';
import type { UrlSigner } from '#observe/media/signed-url.ts';
import type { Records } from '#stores/records/port.ts';
import { deleteItem, foundDataset, putDataset, putItem } from './datasets.ts';
import { itemIdsOf, runNamesOf } from './run-sql.ts';
import { datasetBody, itemBody, itemListParameters, pageParameters } from './schema.ts';
import { type DatasetItem, datasetOf, itemOf } from './shape.ts';
import { currentItem, type ItemRow, itemsAfter, listDatasets, listItems } from './sql.ts';

/** A v1 dataset is answered with all its items: larger ones are paged by GET /api/public/dataset-items. */
const MAX_ITEMS_WHOLE = 10_000;

/** The routes over the records. */
export function datasetRoutes(records: Records, signer: UrlSigner): Route[] {
  const stores = { records, signer };
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'], maxBodyBytes: MAX_BODY_BYTES } as const;
  const v2 = '/api/public/v2/datasets';
  const v1 = '/api/public/datasets';
  const items = '/api/public/dataset-items';
  return [
    { ...common, method: 'GET', path: v2, summary: 'List datasets', query: pageParameters, handle: (context) => list(records, context) },
    {
      ...common,
      method: 'POST',
      path: v2,
      summary: 'Create a dataset, or change the one of that name',
      body: datasetBody,
      handle: (context) => put(records, context),
    },
    { ...common, method: 'GET', path: `${v2}/:datasetName`, summary: 'Get a dataset', handle: (context) => get(records, context) },
    {
      ...common,
      method: 'GET',
      path: v1,
      summary: 'List datasets with ids of items and names of runs',
      query: pageParameters,
      handle: (context) => listV1(records, context),
    },
    {
      ...common,
      method: 'POST',
      path: v1,
      summary: 'Create a dataset, or change the one of that name (v1)',
      body: datasetBody,
      handle: (context) => putV1(records, context),
    },
    {
      ...common,
      method: 'GET',
      path: `${v1}/:datasetName`,
      summary: 'Get a dataset with its items and names of runs',
      handle: (context) => getV1(stores, context),
    },
    {
      ...common,
      method: 'GET',
      path: items,
      summary: 'List items of datasets, as they are or as they were',
      query: itemListParameters,
      handle: (context) => listAllItems(stores, context),
    },
    {
      ...common,
      method: 'POST',
      path: items,
      summary: 'Create an item, or a new version of the one of that id',
      body: itemBody,
      handle: (context) => putOneItem(stores, context),
    },
    { ...common, method: 'GET', path: `${items}/:itemId`, summary: 'Get an item', handle: (context) => getItem(stores, context) },
    {
      ...common,
      method: 'DELETE',
      path: `${items}/:itemId`,
      summary: 'Delete an item; earlier versions of the dataset keep it',
      handle: (context) => removeItem(records, context),
    },
  ];
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageParameters);
  const { rows, total } = await listDatasets(records, projectOf(principal), asked);
  return http.json({ data: rows.map(datasetOf), meta: pageMeta(asked.page, asked.limit, total) });
}

async function put(records: Records, { http, principal }: RouteContext): Promise<Response> {
  return http.json(datasetOf(await putDataset(records, projectOf(principal), await bodyOf(http, datasetBody))));
}

async function get(records: Records, { http, principal }: RouteContext): Promise<Response> {
  return http.json(datasetOf(await foundDataset(records, projectOf(principal), http.req.param('datasetName') ?? '')));
}

async function listV1(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageParameters);
  const { rows, total } = await listDatasets(records, projectOf(principal), asked);
  const ids = rows.map((row) => row.id);
  const [items, runs] = [await itemIdsOf(records, ids), await runNamesOf(records, ids)];
  const data = rows.map((row) => ({
    ...datasetOf(row),
    items: items.filter((item) => item.dataset_id === row.id).map((item) => item.id),
    runs: runs.filter((run) => run.dataset_id === row.id).map((run) => run.name),
  }));
  return http.json({ data, meta: pageMeta(asked.page, asked.limit, total) });
}

async function putV1(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const row = await putDataset(records, projectOf(principal), await bodyOf(http, datasetBody));
  return http.json({ ...datasetOf(row), items: [], runs: [] });
}

async function getV1(stores: Stores, { http, principal }: RouteContext): Promise<Response> {
  const row = await foundDataset(stores.records, projectOf(principal), http.req.param('datasetName') ?? '');
  const items = await withMedia(stores, http, projectOf(principal), await itemsAfter(stores.records, row.id, '', MAX_ITEMS_WHOLE));
  items.sort((one, other) => other.createdAt.localeCompare(one.createdAt) || one.id.localeCompare(other.id));
  const runs = await runNamesOf(stores.records, [row.id]);
  return http.json({ ...datasetOf(row), items, runs: runs.map((run) => run.name) });
}

async function listAllItems(stores: Stores, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, itemListParameters);
  const projectId = projectOf(principal);
  if (asked.datasetName !== undefined) await foundDataset(stores.records, projectId, asked.datasetName);
  const { rows, total } = await listItems(stores.records, projectId, asked);
  return http.json({ data: await withMedia(stores, http, projectId, rows), meta: pageMeta(asked.page, asked.limit, total) });
}

async function putOneItem(stores: Stores, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const [item] = await withMedia(stores, http, projectId, [await putItem(stores.records, projectId, await bodyOf(http, itemBody))]);
  return http.json(item);
}

async function getItem(stores: Stores, { http, principal }: RouteContext): Promise<Response> {
  const row = await currentItem(stores.records, projectOf(principal), http.req.param('itemId') ?? '');
  if (row === null) throw notFound('Dataset item not found');
  const [item] = await withMedia(stores, http, row.project_id, [row]);
  return http.json(item);
}

async function removeItem(records: Records, { http, principal }: RouteContext): Promise<Response> {
  await deleteItem(records, projectOf(principal), http.req.param('itemId') ?? '');
  return http.json({ message: 'Dataset item successfully deleted' });
}

interface Stores {
  records: Records;
  signer: UrlSigner;
}

const ADDRESS_HOLDS_MS = 3_600_000;

/** Items with the media that their content refers to. */
async function withMedia({ records, signer }: Stores, http: Context, projectId: string, rows: readonly ItemRow[]): Promise<DatasetItem[]> {
  const items = rows.map(itemOf);
  const expiresAtMs = Date.now() + ADDRESS_HOLDS_MS;
  const media = await resolveReferences(records, projectId, items, (mediaId) => ({
    url: addressOf(http, signer.sign('content', { projectId, mediaId }, expiresAtMs)),
    urlExpiry: new Date(expiresAtMs).toISOString(),
  }));
  return items.map((item, index) => ({ ...item, mediaReferences: media[index] ?? [] }));
}
