// The form of a scheduled export: what is missing, and that a stored export is sent as it was.
import { expect, it } from 'vitest';
import { checkExportForm, exportBodyOf, exportFormOf } from './export-values.ts';
import type { Integration } from './use-export.ts';

const STORED: Integration = {
  id: 'e',
  type: 'S3_COMPATIBLE',
  bucketName: 'traces',
  endpoint: 'https://storage.example.jp',
  region: 'auto',
  accessKeyId: 'AK',
  prefix: 'genai/',
  exportFrequency: 'hourly',
  enabled: false,
  forcePathStyle: true,
  fileType: 'PARQUET',
  exportMode: 'FROM_CUSTOM_DATE',
  exportStartDate: '2026-11-01T06:30:00.000Z',
  compressed: false,
  updatedAt: '2026-11-20T00:00:00.000Z',
};

it('sends a stored export as it was, without its secret', () => {
  const form = exportFormOf(STORED);
  expect(checkExportForm(form, STORED)).toEqual({});
  const { id: _, updatedAt: __, ...wished } = STORED;
  expect(exportBodyOf(form, STORED)).toEqual(wished);
});

it('asks for the secret when it would go somewhere else', () => {
  for (const change of [{ bucketName: 'other' }, { endpoint: 'https://elsewhere.example' }, { region: 'eu-west-1' }, { accessKeyId: 'other' }]) {
    const form = { ...exportFormOf(STORED), ...change };
    expect(checkExportForm(form, STORED)).toEqual({ secretAccessKey: 'missing' });
    expect(checkExportForm({ ...form, secretAccessKey: 's' }, STORED)).toEqual({});
  }
});

it('names what is missing of a new one', () => {
  expect(checkExportForm(exportFormOf(null), null)).toEqual({ bucketName: 'missing', region: 'missing', accessKeyId: 'missing', secretAccessKey: 'missing' });
  const form = { ...exportFormOf(STORED), type: 'S3_COMPATIBLE' as const, endpoint: '', bucketName: 'A', prefix: 'x', startDay: '' };
  expect(checkExportForm(form, STORED)).toEqual({ bucketName: 'bucket', endpoint: 'url', prefix: 'prefix', startDay: 'missing', secretAccessKey: 'missing' });
});

it('begins at midnight UTC of another day that is chosen', () => {
  expect(exportBodyOf({ ...exportFormOf(STORED), startDay: '2026-11-02' }, STORED).exportStartDate).toBe('2026-11-02T00:00:00Z');
  expect(exportBodyOf({ ...exportFormOf(STORED), exportMode: 'FULL_HISTORY' }, STORED).exportStartDate).toBeNull();
});
