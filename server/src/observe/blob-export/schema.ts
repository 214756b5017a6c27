// What scheduled exports may look like on the wire (Langfuse's /api/public/integrations/blob-storage).
import { z } from 'zod';
import { FREQUENCIES } from './windows.ts';

export const FILE_TYPES = ['JSON', 'CSV', 'JSONL', 'PARQUET'] as const;
export type FileType = (typeof FILE_TYPES)[number];
export const EXPORT_TABLES = ['traces', 'observations', 'scores'] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];
export const FIELD_GROUPS = ['core', 'basic', 'time', 'io', 'metadata', 'model', 'usage', 'prompt', 'metrics', 'tools', 'trace_context'] as const;
export type FieldGroup = (typeof FIELD_GROUPS)[number];
/** The one data model that is exported here. */
export const EXPORT_SOURCE = 'LEGACY_TRACES_OBSERVATIONS';

/** Clocks and zones of callers differ (the contract names 27 hours). */
const FUTURE_TOLERANCE_MS = 27 * 3_600_000;

const fields = z.object({
  type: z.enum(['S3', 'S3_COMPATIBLE', 'AZURE_BLOB_STORAGE']),
  // It becomes a part of the host.
  bucketName: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 lower-case letters, digits, "." and "-"'),
  endpoint: z.string().min(1).max(2_000).nullish(),
  region: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be a region, for example ap-northeast-1, or auto'),
  accessKeyId: z.string().min(1).max(256).nullish(),
  secretAccessKey: z.string().min(1).max(1_024).nullish(),
  prefix: z
    .string()
    .max(500)
    .refine((prefix) => prefix === '' || prefix.endsWith('/'), 'must end with "/"')
    .refine((prefix) => !/(^|\/)\.{0,2}\/|[\\\p{Cc}]/u.test(prefix), 'must be plain folders, for example exports/langfuse/')
    .nullish(),
  exportFrequency: z.enum(FREQUENCIES),
  enabled: z.boolean(),
  forcePathStyle: z.boolean(),
  fileType: z.enum(FILE_TYPES),
  exportMode: z.enum(['FULL_HISTORY', 'FROM_TODAY', 'FROM_CUSTOM_DATE']),
  exportStartDate: z.iso.datetime({ offset: true }).nullish(),
  compressed: z.boolean().nullish(),
  exportSource: z.enum([EXPORT_SOURCE, 'OBSERVATIONS_V2', 'LEGACY_TRACES_AND_ENRICHED_OBSERVATIONS']).nullish(),
  exportFieldGroups: z.array(z.enum(FIELD_GROUPS)).max(FIELD_GROUPS.length).nullish(),
});

type Fields = z.output<typeof fields>;

function together(body: Fields, context: z.core.$RefinementCtx<Fields>): void {
  const refuse = (path: string, message: string): void => void context.addIssue({ code: 'custom', path: [path], message });
  if (body.type === 'S3_COMPATIBLE' && !body.endpoint) refuse('endpoint', 'is required for S3_COMPATIBLE');
  if (body.exportMode === 'FROM_CUSTOM_DATE' && !body.exportStartDate) refuse('exportStartDate', 'is required for FROM_CUSTOM_DATE');
  if (body.exportStartDate && Date.parse(body.exportStartDate) > Date.now() + FUTURE_TOLERANCE_MS) refuse('exportStartDate', 'must not be in the future');
  if (body.exportSource && body.exportSource !== EXPORT_SOURCE) refuse('exportSource', `cannot be served here: ${EXPORT_SOURCE} is`);
  if (body.exportFieldGroups && !body.exportSource) refuse('exportFieldGroups', 'needs exportSource in the same request');
  if (body.exportFieldGroups && !body.exportFieldGroups.includes('core')) refuse('exportFieldGroups', 'must include core');
}

/** An export as a project's console sends it. */
export const scheduleBody = fields.superRefine(together);
/** The same with the project that it is of. */
export const integrationBody = fields.extend({ projectId: z.string().min(1).max(800) }).superRefine(together);
export type ScheduleBody = z.output<typeof scheduleBody>;
