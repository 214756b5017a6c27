// AWS's own security rules (cdk-nag, AWS Solutions) and CDK's template validation over every stack: each finding is acknowledged here with its reason, and no acknowledgement is left over.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it, vi } from 'vitest';
import type { EnvironmentInput } from '#environment.ts';
import { SAMPLE_DOMAIN, sampleEnvironment } from '#sample-fixture.ts';
import { addStacks } from './synthesize.ts';

interface Acknowledgement {
  /** The rule; one that ends in `*` stands for all its findings on these constructs. */
  rule: string;
  constructs: readonly string[];
  reason: string;
}

const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rule: 'AwsSolutions-VPC7',
    constructs: ['Vpc'],
    reason: 'dev: flow logs outlive the environment and cost by the gigabyte; whoever needs them turns them on for the account',
  },
  {
    rule: 'AwsSolutions-SMG4',
    constructs: ['DatabaseSecret', 'CacheSecret', 'PlatformSecret'],
    reason:
      'rotation is a Lambda, and none of them outlives its environment; LiteLLM and Langfuse encrypt stored keys under fields of the last one, so that it must not change',
  },
  { rule: 'AwsSolutions-RDS6', constructs: ['Database'], reason: 'LiteLLM and Langfuse speak to PostgreSQL with a password; neither can make an IAM token' },
  {
    rule: 'AwsSolutions-RDS10',
    constructs: ['Database'],
    reason: 'an environment is made to be destroyed every evening; down asks, and keepData.database leaves a snapshot',
  },
  {
    rule: 'AwsSolutions-RDS11',
    constructs: ['Database'],
    reason: 'the port is reachable from the cluster alone; hiding it under another number protects nothing',
  },
  { rule: 'AwsSolutions-AEC4', constructs: ['Cache'], reason: 'dev: one node; queues are refilled from S3 when it is replaced' },
  {
    rule: 'AwsSolutions-S1',
    constructs: ['EventsBucket', 'ClickhouseBucket'],
    reason: 'dev: access logs need a third bucket that must be emptied too; the seed logged a bucket into itself',
  },
  {
    rule: 'AwsSolutions-IAM4*',
    constructs: ['ClusterRole', 'NodeRole'],
    reason: "EKS Auto Mode is defined by AWS's managed policies; copies would miss what AWS adds to them",
  },
  {
    rule: 'AwsSolutions-IAM5*',
    constructs: ['ClusterRole'],
    reason: 'instances and volumes do not exist yet when they are tagged; each statement demands the name of this cluster in the request',
  },
  { rule: 'AwsSolutions-IAM5*', constructs: ['WebPodRole', 'WorkerPodRole', 'ClickhousePodRole'], reason: 'objects below named prefixes of one named bucket' },
  {
    rule: 'AwsSolutions-EKS1',
    constructs: ['Cluster'],
    reason: 'up works from a laptop without a VPN; the API answers only to the addresses of apiCidrs, and asks for IAM credentials',
  },
  { rule: 'AwsSolutions-EKS2*', constructs: ['Cluster'], reason: 'dev: control plane logs make a log group that outlives the cluster' },
  { rule: 'AwsSolutions-ELB2', constructs: ['LoadBalancer'], reason: 'dev: access logs need a third bucket that must be emptied too' },
  {
    rule: 'AwsSolutions-EC23',
    constructs: ['LoadBalancerSecurityGroup'],
    reason: 'only with a domain, where TLS protects what is open to the world; without one the settings refuse it',
  },
  {
    rule: 'W3010',
    constructs: ['Public1', 'Public2', 'Private1', 'Private2'],
    reason: 'zones are named in the settings: synthesis is offline, and in Tokyo the second zone is closed to many accounts',
  },
];

interface Report {
  pluginReports: { pluginName: string; violations: { ruleName: string; severity: string; violatingConstructs: { constructPath: string }[] }[] }[];
}

/** Every finding as `rule construct`. */
function findings(change: Partial<EnvironmentInput>): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'genai-nag-'));
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const app = new App({ outdir, analyticsReporting: false, treeMetadata: false });
    addStacks(app, sampleEnvironment(change));
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app) as unknown as IPolicyValidationPlugin);
    try {
      app.synth();
    } catch (error) {
      expect(String(error)).toContain('validation-report.json');
    }
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
    expect(report.pluginReports.map(({ pluginName }) => pluginName).sort()).toEqual(['AwsSolutions', 'CloudFormation Validate']);
    return report.pluginReports.flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => `${ruleName} ${constructPath.split('/').at(-1)}`),
      ),
    );
  } finally {
    quiet.mockRestore();
    process.exitCode = undefined;
    rmSync(outdir, { recursive: true, force: true });
  }
}

const covers = ({ rule, constructs }: Acknowledgement, finding: string): boolean => {
  const [ruleName = '', construct = ''] = [finding.slice(0, finding.lastIndexOf(' ')), finding.slice(finding.lastIndexOf(' ') + 1)];
  const sameRule = rule.endsWith('*') ? ruleName.startsWith(rule.slice(0, -1)) : ruleName === rule;
  return sameRule && constructs.includes(construct);
};

describe('the security rules', () => {
  const found = [...findings({}), ...findings({ domain: SAMPLE_DOMAIN, allowedCidrs: ['0.0.0.0/0'], apiCidrs: ['203.0.113.7/32'] })];

  it('look at the stacks at all', () => expect(found.length).toBeGreaterThan(20));
  it('find nothing that is not acknowledged with a reason', () => {
    expect(found.filter((finding) => !ACKNOWLEDGED.some((acknowledgement) => covers(acknowledgement, finding)))).toEqual([]);
  });
  it('need every acknowledgement: none is left over', () => {
    const stale = ACKNOWLEDGED.filter((acknowledgement) => !found.some((finding) => covers(acknowledgement, finding)));
    expect(stale.map(({ rule, constructs }) => `${rule} ${constructs.join(',')}`)).toEqual([]);
  });
});
