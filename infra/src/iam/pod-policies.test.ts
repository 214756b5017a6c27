// What each pod may do on AWS: every action and resource is written down here a second time, so that widening one is a decision.
import { describe, expect, it } from 'vitest';
import { sampleEnvironment } from '#sample-fixture.ts';
import { customTagPolicy } from './cluster-policies.ts';
import { podPolicies } from './pod-policies.ts';
import type { PolicyDocument } from './policy.ts';

const EVENTS = 'arn:aws:s3:::events';
const CLICKHOUSE = 'arn:aws:s3:::clickhouse';
const resources = { partition: 'aws', eventsBucketArn: EVENTS, clickhouseBucketArn: CLICKHOUSE };
const policies = podPolicies(sampleEnvironment(), resources);

const grants = (document: PolicyDocument | null): Record<string, readonly string[]> =>
  Object.fromEntries((document?.Statement ?? []).flatMap(({ Action, Resource }) => Action.map((action) => [action, Resource])));

const matches = (pattern: string, value: string): boolean => (pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value);
const may = (document: PolicyDocument | null, action: string, resource: string): boolean =>
  (grants(document)[action] ?? []).some((pattern) => matches(pattern, resource));

describe('the role of', () => {
  it('the gateway may do nothing', () => expect(policies.gateway).toBeNull());

  it('the gateway with Bedrock models may invoke those and no other', () => {
    const environment = sampleEnvironment({
      models: [
        { name: 'claude', model: 'bedrock/converse/anthropic.claude-sonnet' },
        { name: 'gpt', model: 'azure/gpt' },
      ],
    });
    const { gateway } = podPolicies(environment, resources);
    expect(grants(gateway)).toEqual({
      'bedrock:InvokeModel': ['arn:aws:bedrock:ap-northeast-1::foundation-model/anthropic.claude-sonnet'],
      'bedrock:InvokeModelWithResponseStream': ['arn:aws:bedrock:ap-northeast-1::foundation-model/anthropic.claude-sonnet'],
    });
  });

  it('web may read and write three prefixes of the events bucket, and delete nothing', () => {
    const prefixes = [`${EVENTS}/events/*`, `${EVENTS}/media/*`, `${EVENTS}/exports/*`];
    expect(grants(policies.web)).toEqual({ 's3:GetObject': prefixes, 's3:PutObject': prefixes, 's3:ListBucket': [EVENTS] });
  });

  it('the worker may delete there too', () => {
    const prefixes = [`${EVENTS}/events/*`, `${EVENTS}/media/*`, `${EVENTS}/exports/*`];
    expect(grants(policies.worker)).toEqual({ 's3:GetObject': prefixes, 's3:PutObject': prefixes, 's3:DeleteObject': prefixes, 's3:ListBucket': [EVENTS] });
  });

  it('ClickHouse may use its own bucket', () => {
    const objects = [`${CLICKHOUSE}/*`];
    expect(grants(policies.clickhouse)).toEqual({
      's3:GetObject': objects,
      's3:PutObject': objects,
      's3:DeleteObject': objects,
      's3:AbortMultipartUpload': objects,
      's3:ListMultipartUploadParts': objects,
      's3:ListBucket': [CLICKHOUSE],
      's3:GetBucketLocation': [CLICKHOUSE],
    });
  });

  it.each([
    ['web', 's3:GetObject', `${CLICKHOUSE}/a`],
    ['worker', 's3:PutObject', `${CLICKHOUSE}/a`],
    ['clickhouse', 's3:GetObject', `${EVENTS}/events/a`],
    ['web', 's3:DeleteObject', `${EVENTS}/events/a`],
    ['web', 's3:GetObject', `${EVENTS}/other/a`],
    ['gateway', 's3:GetObject', `${EVENTS}/events/a`],
  ] as const)('%s may not %s %s', (pod, action, resource) => expect(may(policies[pod], action, resource)).toBe(false));

  it('every pod lists its own prefixes only', () => {
    for (const pod of ['web', 'worker'] as const) {
      const listing = policies[pod]?.Statement.find(({ Action }) => Action.includes('s3:ListBucket'));
      expect(listing?.Condition).toEqual({ StringLike: { 's3:prefix': ['events/*', 'media/*', 'exports/*'] } });
    }
  });
});

it('the cluster may tag only what it makes in its own name', () => {
  for (const { Condition } of customTagPolicy('aws').Statement) {
    expect(Condition?.StringEquals).toEqual({ 'aws:RequestTag/eks:eks-cluster-name': ['$', '{aws:PrincipalTag/eks:eks-cluster-name}'].join('') });
  }
});
