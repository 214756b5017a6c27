import fc from 'fast-check';
import { expect, it } from 'vitest';
import { integrationBody } from './schema.ts';
import { nameOf } from './target.ts';

const NUM_RUNS = 200;
const body = {
  projectId: 'p',
  type: 'S3',
  bucketName: 'a-bucket',
  region: 'auto',
  exportFrequency: 'every_20_minutes',
  enabled: true,
  forcePathStyle: false,
  fileType: 'PARQUET',
  exportMode: 'FROM_TODAY',
};
const issuesOf = (over: Record<string, unknown>): string[] =>
  (integrationBody.safeParse({ ...body, ...over }).error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`);

it('takes what the contract requires and no more', () => {
  expect(issuesOf({})).toEqual([]);
  expect(
    issuesOf({ exportSource: 'LEGACY_TRACES_OBSERVATIONS', exportFieldGroups: ['core', 'io'], prefix: 'a/b/', exportStartDate: null, compressed: null }),
  ).toEqual([]);
});

it('refuses what does not go together, and says what does', () => {
  expect(issuesOf({ type: 'S3_COMPATIBLE' })).toEqual(['endpoint is required for S3_COMPATIBLE']);
  expect(issuesOf({ exportMode: 'FROM_CUSTOM_DATE' })).toEqual(['exportStartDate is required for FROM_CUSTOM_DATE']);
  expect(issuesOf({ exportStartDate: new Date(Date.now() + 28 * 3_600_000).toISOString() })).toEqual(['exportStartDate must not be in the future']);
  expect(issuesOf({ exportStartDate: new Date(Date.now() + 26 * 3_600_000).toISOString() })).toEqual([]);
  expect(issuesOf({ exportSource: 'OBSERVATIONS_V2' })).toEqual(['exportSource cannot be served here: LEGACY_TRACES_OBSERVATIONS is']);
  expect(issuesOf({ exportFieldGroups: ['core'] })).toEqual(['exportFieldGroups needs exportSource in the same request']);
  expect(issuesOf({ exportFieldGroups: ['io'], exportSource: 'LEGACY_TRACES_OBSERVATIONS' })).toEqual(['exportFieldGroups must include core']);
  for (const prefix of ['a', '/', 'a//', '../', 'a/../b/', './', 'a\\b/', 'a\n/']) expect(issuesOf({ prefix }), prefix).not.toEqual([]);
  for (const bucketName of ['ab', 'A-bucket', 'a_b', 'x/y', 'a@b', 'host:1', '-ab', 'ab.']) expect(issuesOf({ bucketName }), bucketName).not.toEqual([]);
  for (const region of ['', 'a.evil.example', 'a/b', 'a#b', 'EU']) expect(issuesOf({ region }), region).not.toEqual([]);
});

it('never throws on anything that is sent', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(body), 'prefix', 'endpoint', 'exportStartDate', 'exportFieldGroups'), fc.jsonValue()), (over) => {
      integrationBody.safeParse({ ...body, ...over });
    }),
    { numRuns: NUM_RUNS },
  );
});

it('keeps every object of every accepted prefix below that prefix', () => {
  const prefixes = fc
    .array(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('..', '.', '', 'a')), { maxLength: 4 })
    .map((parts) => parts.map((part) => `${part}/`).join(''));
  fc.assert(
    fc.property(prefixes, fc.constantFrom('traces', 'scores'), (prefix, table) => {
      const parsed = integrationBody.safeParse({ ...body, prefix });
      if (!parsed.success) return;
      const key = `${prefix}${nameOf({ project_id: 'p', file_type: 'CSV', compressed: true }, table, 0)}`;
      expect(key).toBe(`${prefix}p/${table}/1970-01-01T00-00-00.csv.gz`);
      expect(key.split('/').some((part) => part === '' || part === '.' || part === '..')).toBe(false);
    }),
    { numRuns: NUM_RUNS },
  );
});
