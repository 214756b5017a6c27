// The form of a scheduled export: what is missing, and what it sends. The secret is never shown again: left empty, the stored one stays. Pure.
import type { Integration } from './use-export.ts';

export const TYPES = ['S3', 'S3_COMPATIBLE'] as const;
export const FREQUENCIES = ['every_20_minutes', 'hourly', 'daily', 'weekly'] as const;
export const FILE_TYPES = ['JSONL', 'JSON', 'CSV', 'PARQUET'] as const;
export const MODES = ['FULL_HISTORY', 'FROM_TODAY', 'FROM_CUSTOM_DATE'] as const;

export interface ExportForm {
  type: (typeof TYPES)[number];
  bucketName: string;
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  prefix: string;
  exportFrequency: (typeof FREQUENCIES)[number];
  enabled: boolean;
  forcePathStyle: boolean;
  fileType: (typeof FILE_TYPES)[number];
  exportMode: (typeof MODES)[number];
  /** A day, as the field of a date gives it. */
  startDay: string;
  compressed: boolean;
}

const EMPTY: ExportForm = {
  type: 'S3',
  bucketName: '',
  endpoint: '',
  region: '',
  accessKeyId: '',
  secretAccessKey: '',
  prefix: '',
  exportFrequency: 'daily',
  enabled: true,
  forcePathStyle: false,
  fileType: 'JSONL',
  exportMode: 'FROM_TODAY',
  startDay: '',
  compressed: true,
};

export function exportFormOf(stored: Integration | null): ExportForm {
  if (stored === null) return EMPTY;
  return {
    ...EMPTY,
    ...(stored as unknown as ExportForm),
    endpoint: stored.endpoint ?? '',
    startDay: stored.exportStartDate?.slice(0, 10) ?? '',
    secretAccessKey: '',
  };
}

export type ExportFault = 'missing' | 'bucket' | 'url' | 'prefix';
type Faults = Partial<Record<keyof ExportForm, ExportFault>>;

/** Where the stored secret may go on being sent. */
function isSamePlace(form: ExportForm, stored: Integration | null): boolean {
  if (stored === null) return false;
  const { bucketName, region, accessKeyId } = exportBodyOf(form, stored);
  return (
    bucketName === stored.bucketName && region === stored.region && accessKeyId === stored.accessKeyId && (form.endpoint.trim() || null) === stored.endpoint
  );
}

export function checkExportForm(form: ExportForm, stored: Integration | null): Faults {
  const faults: Faults = {};
  for (const field of ['bucketName', 'region', 'accessKeyId'] as const) if (form[field].trim() === '') faults[field] = 'missing';
  if (faults.bucketName === undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(form.bucketName.trim())) faults.bucketName = 'bucket';
  const endpoint = form.endpoint.trim();
  if (endpoint === '' ? form.type === 'S3_COMPATIBLE' : !/^https?:\/\/\S+$/.test(endpoint)) faults.endpoint = 'url';
  if (form.prefix.trim() !== '' && !form.prefix.trim().endsWith('/')) faults.prefix = 'prefix';
  if (form.exportMode === 'FROM_CUSTOM_DATE' && form.startDay === '') faults.startDay = 'missing';
  if (form.secretAccessKey === '' && !isSamePlace(form, stored)) faults.secretAccessKey = 'missing';
  return faults;
}

export function exportBodyOf(form: ExportForm, stored: Integration | null): Record<string, unknown> {
  const { type, exportFrequency, enabled, forcePathStyle, fileType, exportMode, compressed } = form;
  // A start that was given to the second stays, while its day stays.
  const same = stored?.exportStartDate?.slice(0, 10) === form.startDay;
  const start = same ? stored?.exportStartDate : `${form.startDay}T00:00:00Z`;
  return {
    ...{ type, exportFrequency, enabled, forcePathStyle, fileType, exportMode, compressed },
    bucketName: form.bucketName.trim(),
    endpoint: form.endpoint.trim() || null,
    region: form.region.trim(),
    accessKeyId: form.accessKeyId.trim(),
    prefix: form.prefix.trim(),
    exportStartDate: exportMode === 'FROM_CUSTOM_DATE' ? start : null,
    ...(form.secretAccessKey === '' ? {} : { secretAccessKey: form.secretAccessKey }),
  };
}
