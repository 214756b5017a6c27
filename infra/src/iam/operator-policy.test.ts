// The operator's policy is as small as it can be said, fits IAM's limits, and covers every call that this code makes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SAMPLE_DOMAIN, sampleEnvironment } from '#sample-fixture.ts';
import { operatorPolicies } from './operator-policy.ts';

const plain = operatorPolicies(sampleEnvironment());
const withDomain = operatorPolicies(sampleEnvironment({ domain: SAMPLE_DOMAIN }));
const statements = withDomain.flatMap(({ document }) => document.Statement);
const allowed = (action: string): boolean =>
  statements.some(({ Action }) => Action.some((pattern) => (pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action)));

/** Statements that name every resource: reading, making what has no name yet (bound to the region), or removing by tag. */
const UNNAMED = {
  reading: [
    'SeeStacksAndExports',
    'WhoAmI',
    'Quotas',
    'FindByTag',
    'Spending',
    'SeeNetwork',
    'SeeClusters',
    'SeeLogs',
    'SeeRoles',
    'SeeDatabases',
    'SeeBuckets',
    'SecretsBasics',
    'SeeLoadBalancers',
  ],
  making: ['MakeNetwork', 'MakeCache', 'MakeLoadBalancer', 'MakeCertificate'],
  removing: ['RemoveOwnNetwork', 'RemoveOwnNodes', 'RemoveOwnVolumes', 'RemoveOwnCache', 'RemoveOwnLoadBalancer', 'OwnCertificate'],
  leftovers: ['RemoveWhatTheClusterLeft'],
};

/** Calls whose permission has another name than the call. */
const PERMISSION_OF: Readonly<Record<string, string>> = {
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:ListObjectVersions': 's3:ListBucketVersions',
  's3:ListMultipartUploads': 's3:ListBucketMultipartUploads',
  's3:DeleteObjects': 's3:DeleteObject',
  's3:HeadBucket': 's3:ListBucket',
  's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  // IAM has no action of their own for them.
  's3:CreateMultipartUpload': 's3:PutObject',
  's3:UploadPart': 's3:PutObject',
  's3:CompleteMultipartUpload': 's3:PutObject',
  'budgets:CreateBudget': 'budgets:ModifyBudget',
  'budgets:UpdateBudget': 'budgets:ModifyBudget',
  'budgets:DeleteBudget': 'budgets:ModifyBudget',
  'budgets:DescribeBudget': 'budgets:ViewBudget',
};
const SERVICE_OF: Readonly<Record<string, string>> = {
  cloudformation: 'cloudformation',
  'cloudwatch-logs': 'logs',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  'resource-groups-tagging-api': 'tag',
  'secrets-manager': 'secretsmanager',
  'service-quotas': 'servicequotas',
  'cost-explorer': 'ce',
};

/** Every call of AWS's API in this workspace, as the action that it needs: `import { DeleteVpcCommand } from '@aws-sdk/client-ec2'` is `ec2:DeleteVpc`. */
function calls(): string[] {
  const folder = join(import.meta.dirname, '..');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/\.test\.ts$|fixture|conformance|fake/.test(file),
  );
  const found = new Set<string>();
  for (const file of files) {
    for (const [, names = '', client = ''] of readFileSync(join(folder, file), 'utf8').matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g)) {
      for (const [, call] of names.matchAll(/\b(\w+)Command\b/g)) found.add(`${SERVICE_OF[client] ?? client}:${call}`);
    }
    for (const [, names = '', client = ''] of readFileSync(join(folder, file), 'utf8').matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g)) {
      for (const [, operation] of names.matchAll(/\bpaginate(\w+)\b/g)) found.add(`${SERVICE_OF[client] ?? client}:${operation}`);
    }
  }
  return [...found].sort();
}

describe("the operator's policy", () => {
  it('fits the limit of a managed policy, and is not more than ten of them', () => {
    for (const { name, document } of withDomain)
      expect([name, JSON.stringify(document).length]).toEqual([name, expect.toSatisfy((length: number) => length <= 6144)]);
    expect(withDomain.length).toBeLessThanOrEqual(10);
  });

  it('names no service whole', () => {
    for (const { Sid, Action } of statements)
      for (const action of Action) expect([Sid, action]).toEqual([Sid, expect.stringMatching(/^[a-z0-9-]+:(Describe\*|GetBucket\*|[A-Za-z]+)$/)]);
  });

  it('names its resources, but for what has none yet', () => {
    const unnamed = statements.filter(({ Resource }) => Resource.includes('*')).map(({ Sid }) => Sid);
    expect(unnamed.sort()).toEqual(Object.values(UNNAMED).flat().sort());
  });

  it('removes by tag, makes in one region', () => {
    for (const statement of statements) {
      const keys = Object.keys(statement.Condition?.StringEquals ?? {});
      if (UNNAMED.making.includes(statement.Sid)) expect([statement.Sid, keys]).toEqual([statement.Sid, ['aws:RequestedRegion']]);
      if (UNNAMED.removing.includes(statement.Sid)) expect([statement.Sid, keys[0]]).toEqual([statement.Sid, expect.stringMatching(/^aws:ResourceTag\//)]);
    }
  });

  it('passes and makes only roles of the environment, with only the managed policies that it uses', () => {
    for (const { Sid, Action, Resource } of statements) {
      if (Action.some((action) => /^iam:(CreateRole|PassRole|AttachRolePolicy|PutRolePolicy)$/.test(action)))
        expect([Sid, Resource]).toEqual([Sid, ['arn:aws:iam::*:role/genai-dev-cluster-*']]);
    }
    expect(statements.find(({ Sid }) => Sid === 'OnlyTheseManagedPolicies')?.Condition?.ArnEquals).toBeDefined();
  });

  it('is bound to its environment: another name, another policy', () => {
    expect(JSON.stringify(operatorPolicies(sampleEnvironment({ name: 'team' })))).not.toContain('genai-dev');
  });

  it('asks for names and certificates only with a domain', () => {
    expect(JSON.stringify(plain)).not.toMatch(/route53|acm:/);
    expect(JSON.stringify(withDomain)).toContain(`hostedzone/${SAMPLE_DOMAIN.hostedZoneId}`);
  });

  it('covers every call of AWS that this workspace makes', () => {
    const made = calls();
    expect(made.length).toBeGreaterThan(50);
    expect(made.filter((call) => !allowed(PERMISSION_OF[call] ?? call))).toEqual([]);
  });
});
