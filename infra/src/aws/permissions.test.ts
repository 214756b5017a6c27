// The operator's least policy holds every action that the adapters call: read from their source, so that a new call without its permission is noticed.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readEnvironment } from '#environment.ts';
import { operatorPolicies } from '#iam/operator-policy.ts';

const PREFIX: Readonly<Record<string, string>> = {
  'client-cloudformation': 'cloudformation',
  'client-cloudwatch-logs': 'logs',
  'client-ec2': 'ec2',
  'client-eks': 'eks',
  'client-elastic-load-balancing-v2': 'elasticloadbalancing',
  'client-elasticache': 'elasticache',
  'client-iam': 'iam',
  'client-rds': 'rds',
  'client-resource-groups-tagging-api': 'tag',
  'client-s3': 's3',
  'client-secrets-manager': 'secretsmanager',
  'client-service-quotas': 'servicequotas',
  'client-sts': 'sts',
};

/** Calls whose permission has another name. */
const RENAMED: Readonly<Record<string, string[]>> = {
  's3:CompleteMultipartUpload': ['s3:PutObject'],
  's3:CreateMultipartUpload': ['s3:PutObject'],
  's3:DeleteObjects': ['s3:DeleteObject', 's3:DeleteObjectVersion'],
  's3:HeadBucket': ['s3:ListBucket'],
  's3:ListBuckets': ['s3:ListAllMyBuckets'],
  's3:ListMultipartUploads': ['s3:ListBucketMultipartUploads'],
  's3:ListObjectVersions': ['s3:ListBucketVersions'],
  's3:ListObjectsV2': ['s3:ListBucket'],
  's3:PutPublicAccessBlock': ['s3:PutBucketPublicAccessBlock'],
  's3:UploadPart': ['s3:PutObject'],
};

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'fake' ? [] : sources(path);
    return path.endsWith('.ts') && !path.endsWith('.test.ts') ? [readFileSync(path, 'utf8')] : [];
  });
}

/** `ec2:DeleteVpc` of every command and paginator that a file imports. */
function actionsIn(source: string): string[] {
  const imports = [...source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/(client-[\w-]+)'/g)];
  return imports.flatMap(([, names = '', client = '']) => {
    const prefix = PREFIX[client];
    if (prefix === undefined) return [];
    const calls = names.split(',').map((name) => /^(?:paginate(\w+)|([A-Z]\w+)Command)$/.exec(name.trim()));
    return calls.flatMap((call) => (call === null ? [] : [`${prefix}:${call[1] ?? call[2]}`]));
  });
}

it('the policy of an operator grants every call', () => {
  const environment = readEnvironment({ gateway: 'litellm', observe: 'langfuse', allowedCidrs: ['203.0.113.7/32'] });
  const granted = operatorPolicies(environment).flatMap(({ document }) => document.Statement.flatMap((statement) => statement.Action));
  const isGranted = (action: string): boolean => granted.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action));
  const calls = [...new Set(sources(import.meta.dirname).flatMap(actionsIn))];
  expect(calls.length).toBeGreaterThan(80);
  expect(calls.flatMap((call) => RENAMED[call] ?? [call]).filter((action) => !isGranted(action))).toEqual([]);
});
