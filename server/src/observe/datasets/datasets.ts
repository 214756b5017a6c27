// What can be done with datasets: write one under its name, write and end items, put traces into runs.
import { randomUUID } from 'node:crypto';
import { conflict, invalidRequest } from '#observe/api/body.ts';
import { notFound } from '#observe/filter/parameters.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import type { JsonSchema, SchemaCheck } from './json-schema.ts';
import { insertRunItem, type RunItemRow, upsertRun } from './run-sql.ts';
import type { DatasetBody, ItemBody, RunItemBody } from './schema.ts';
import {
  currentItem,
  type DatasetRow,
  datasetByName,
  endItem,
  type ItemRow,
  itemAt,
  itemsAfter,
  lockDataset,
  newestVersion,
  upsertDataset,
  writeItem,
} from './sql.ts';

const ITEMS_A_CHECK = 200;

/** A dataset by name. @throws AppError 404. */
export async function foundDataset(session: RecordsSession, projectId: string, name: string): Promise<DatasetRow> {
  const row = await datasetByName(session, projectId, name);
  if (row === null) throw notFound('Dataset not found');
  return row;
}

/**
 * Creates a dataset, or changes what is named of the one with this name.
 * @throws AppError 400 for a schema that is none, or that items which are there do not obey.
 */
export async function putDataset(records: Records, projectId: string, body: DatasetBody): Promise<DatasetRow> {
  return await records.transaction(async (session) => {
    await lockDataset(session, projectId, body.name);
    const before = await datasetByName(session, projectId, body.name);
    const kept = <Value>(given: Value | undefined, stored: Value | undefined): Value | null => (given === undefined ? (stored ?? null) : given);
    const row = {
      id: before?.id ?? randomUUID(),
      project_id: projectId,
      name: body.name,
      description: kept(body.description, before?.description),
      metadata: kept(body.metadata, before?.metadata as never),
      input_schema: kept(body.inputSchema as JsonSchema | null | undefined, before?.input_schema),
      expected_output_schema: kept(body.expectedOutputSchema as JsonSchema | null | undefined, before?.expected_output_schema),
    };
    const checks = await checksOf(row);
    if (before && (body.inputSchema || body.expectedOutputSchema)) await refuseDisobedient(session, before.id, checks);
    return await upsertDataset(session, row);
  });
}

interface Checks {
  input: SchemaCheck | null;
  expectedOutput: SchemaCheck | null;
}

async function checksOf({
  input_schema: input,
  expected_output_schema: expected,
}: Pick<DatasetRow, 'input_schema' | 'expected_output_schema'>): Promise<Checks> {
  if (input === null && expected === null) return { input, expectedOutput: expected };
  // Most installations never give a dataset a schema: what compiles them is loaded when one does.
  const { compileSchema } = await import('./json-schema.ts');
  return {
    input: input === null ? null : compileSchema(input, 'inputSchema'),
    expectedOutput: expected === null ? null : compileSchema(expected, 'expectedOutputSchema'),
  };
}

/** Why an item does not obey; [] when it does. An expected output that is absent obeys. */
function problemsOf(checks: Checks, item: { input: unknown; expected_output: unknown }): string[] {
  const wrong = (name: string, problems: string[]): string[] => problems.map((problem) => `${name}: ${problem}`);
  return [
    ...wrong('input', checks.input?.(item.input ?? null) ?? []),
    ...wrong(
      'expectedOutput',
      item.expected_output === null || item.expected_output === undefined ? [] : (checks.expectedOutput?.(item.expected_output) ?? []),
    ),
  ];
}

async function refuseDisobedient(session: RecordsSession, datasetId: string, checks: Checks): Promise<void> {
  for (let after = ''; ; ) {
    const items = await itemsAfter(session, datasetId, after, ITEMS_A_CHECK);
    for (const item of items) {
      const problems = problemsOf(checks, item);
      if (problems.length > 0) throw invalidRequest(`Schema validation failed for existing item ${item.id}: ${problems.join('; ')}`);
    }
    const last = items.at(-1);
    if (!last || items.length < ITEMS_A_CHECK) return;
    after = last.id;
  }
}

/**
 * Creates an item, or a new version of the one with this id in which what is not named stays.
 * @throws AppError 404 without the dataset, 409 when the id belongs to another dataset, 400 when a schema refuses it.
 */
export async function putItem(records: Records, projectId: string, body: ItemBody): Promise<ItemRow> {
  return await records.transaction(async (session) => {
    await lockDataset(session, projectId, body.datasetName);
    const dataset = await foundDataset(session, projectId, body.datasetName);
    const id = body.id ?? randomUUID();
    const newest = await newestVersion(session, projectId, id);
    if (newest && newest.dataset_id !== dataset.id) throw conflict(`The item with id ${id} already exists in another dataset: give the item another id.`);
    const before = newest && newest.valid_to === null ? await currentItem(session, projectId, id) : null;
    const kept = <Value>(given: Value | undefined, stored: Value | undefined): Value | null => (given === undefined ? (stored ?? null) : given);
    const item = {
      project_id: projectId,
      dataset_id: dataset.id,
      id,
      status: body.status ?? before?.status ?? 'ACTIVE',
      input: kept<unknown>(body.input, before?.input),
      expected_output: kept<unknown>(body.expectedOutput, before?.expected_output),
      metadata: kept<unknown>(body.metadata, before?.metadata),
      source_trace_id: kept(body.sourceTraceId, before?.source_trace_id),
      source_observation_id: kept(body.sourceObservationId, before?.source_observation_id),
      created_at: before?.created_at ?? null,
    } as const;
    const problems = problemsOf(await checksOf(dataset), item);
    if (problems.length > 0) throw invalidRequest(`Dataset item does not match the schema of the dataset: ${problems.join('; ')}`);
    await writeItem(session, item);
    return (await currentItem(session, projectId, id)) as ItemRow;
  });
}

/** @throws AppError 404. */
export async function deleteItem(records: Records, projectId: string, id: string): Promise<void> {
  const ended = await records.transaction((session) => endItem(session, projectId, id));
  if (!ended) throw notFound('Dataset item not found');
}

/** Where the trace of an observation is asked for: the engine. Null when the project has no such observation. */
export type TraceOfObservation = (observationId: string) => Promise<string | null>;

/**
 * Puts a trace (or an observation of it) into a run, for an item or a version of it; the run is made when there is none of its name.
 * @throws AppError 404 without the item or the observation.
 */
export async function addRunItem(records: Records, projectId: string, body: RunItemBody, traceOf: TraceOfObservation): Promise<RunItemRow> {
  const key = { projectId, id: body.datasetItemId };
  const item = body.datasetVersion ? await itemAt(records, key, body.datasetVersion) : await currentItem(records, projectId, body.datasetItemId);
  if (item === null || item.status !== 'ACTIVE') throw notFound('Dataset item not found or not active');
  const traceId = body.traceId ?? (await traceOf(body.observationId ?? ''));
  if (traceId === null) throw notFound('Observation not found within authorized project');
  return await records.transaction(async (session) => {
    const runId = await upsertRun(session, {
      id: randomUUID(),
      projectId,
      datasetId: item.dataset_id,
      name: body.runName,
      description: body.runDescription ?? null,
      metadata: body.metadata ?? null,
    });
    return await insertRunItem(session, {
      id: randomUUID(),
      projectId,
      runId,
      itemId: item.id,
      itemValidFrom: item.valid_from,
      traceId,
      observationId: body.observationId ?? null,
      createdAt: body.createdAt ?? null,
    });
  });
}
