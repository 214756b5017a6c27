// The templates as cfn-lint (AWS's linter with CloudFormation's own schemas) sees them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EnvironmentInput } from '#environment.ts';
import { SAMPLE_DOMAIN, sampleEnvironment } from '#sample-fixture.ts';
import { need } from '../../../e2e/needs.ts';
import { synthesize } from './synthesize.ts';

const lint = need('cfn-lint');
/** W3010: zones are named in the settings, because synthesis is offline and Tokyo's second zone is closed to many accounts. */
const IGNORED = ['W3010'];

const variants: Record<string, Partial<EnvironmentInput>> = {
  plain: {},
  domain: { domain: SAMPLE_DOMAIN, allowedCidrs: ['0.0.0.0/0'], operatorArns: ['arn:aws:iam::123456789012:role/scheduler'] },
  kept: { keepData: { buckets: true, database: true, volumes: true }, sizes: { natGateways: 2, databaseMinAcu: 0 } },
};

describe.skipIf(lint === null)('cfn-lint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-cfn-lint-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (files: string[]): string => {
    const result = spawnSync(lint as string, ['--regions', 'ap-northeast-1', '--ignore-checks', ...IGNORED, '--format', 'parseable', '--', ...files], {
      encoding: 'utf8',
    });
    expect(result.error).toBeUndefined();
    return result.stdout.trim();
  };

  for (const [name, change] of Object.entries(variants)) {
    it(`finds nothing in the templates (${name})`, () => {
      const files = synthesize(sampleEnvironment(change)).map(({ part, templateBody }) => {
        const file = join(folder, `${name}-${part}.json`);
        writeFileSync(file, templateBody);
        return file;
      });
      expect(run(files)).toBe('');
    }, 120_000);
  }

  it('would find a wrong property', () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, JSON.stringify({ Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BuketName: 'x' } } } }));
    expect(run([file])).toContain('BuketName');
  }, 120_000);
});
