// Bodies and parameters of datasets, items and runs (langfuse.md §1.12).
import { z } from 'zod';
import { instantParameter, limitParameter, pageParameter, wordParameter } from '#observe/filter/parameters.ts';

const json = z.json().optional();
const reference = z.string().max(800).nullish();

export const datasetBody = z.object({
  name: z.string().min(1).max(255),
  description: z.string().max(10_000).nullish(),
  metadata: json,
  inputSchema: z.record(z.string(), z.json()).nullish(),
  expectedOutputSchema: z.record(z.string(), z.json()).nullish(),
});
export type DatasetBody = z.output<typeof datasetBody>;

export const itemBody = z.object({
  id: z.string().min(1).max(255).nullish(),
  datasetName: z.string().min(1).max(255),
  input: json,
  expectedOutput: json,
  metadata: json,
  sourceTraceId: reference,
  sourceObservationId: reference,
  status: z.enum(['ACTIVE', 'ARCHIVED']).nullish(),
});
export type ItemBody = z.output<typeof itemBody>;

export const runItemBody = z
  .strictObject({
    runName: z.string().min(1).max(255),
    runDescription: z.string().max(10_000).nullish(),
    metadata: json,
    datasetItemId: z.string().min(1).max(255),
    traceId: z.string().min(1).max(800).nullish(),
    observationId: z.string().min(1).max(800).nullish(),
    datasetVersion: z.iso.datetime({ offset: true }).nullish(),
    createdAt: z.iso.datetime({ offset: true }).nullish(),
  })
  .refine((body) => body.traceId || body.observationId, 'observationId or traceId must be provided');
export type RunItemBody = z.output<typeof runItemBody>;

export const pageParameters = z.object({ page: pageParameter, limit: limitParameter(100) });
export type Page = z.output<typeof pageParameters>;

export const itemListParameters = z
  .object({
    datasetName: wordParameter,
    sourceTraceId: wordParameter,
    sourceObservationId: wordParameter,
    version: instantParameter,
    page: pageParameter,
    limit: limitParameter(100),
  })
  .refine((asked) => asked.version === undefined || asked.datasetName !== undefined, 'datasetName is required when version is given');
export type ItemList = z.output<typeof itemListParameters>;

export const runItemListParameters = z.object({
  datasetId: z.string().min(1).max(800),
  runName: z.string().min(1).max(255),
  page: pageParameter,
  limit: limitParameter(100),
});
