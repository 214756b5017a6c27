// What must be true of every template, and the templates themselves as golden files.
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { EnvironmentInput } from '#environment.ts';
import { NAMESPACE, SERVICE_ACCOUNTS } from '#k8s/names.ts';
import { readStackOutputs } from '#outputs.ts';
import { SAMPLE_DOMAIN, sampleEnvironment } from '#sample-fixture.ts';
import { type StackTemplate, synthesize } from './synthesize.ts';

interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}
interface Body {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, unknown>;
  Parameters?: unknown;
  Rules?: unknown;
  Conditions?: unknown;
}

const variants: Record<string, Partial<EnvironmentInput>> = {
  plain: {},
  domain: { domain: SAMPLE_DOMAIN, allowedCidrs: ['0.0.0.0/0'], operatorArns: ['arn:aws:iam::123456789012:role/scheduler'] },
  ingress: { ingress: 'ingress' },
  native: { gateway: 'native', observe: 'native' },
  expiring: { expiresAt: '2026-11-27T20:00:00+09:00', sizes: { natGateways: 2, databaseMinAcu: 0 } },
};
const body = ({ templateBody }: StackTemplate): Body => JSON.parse(templateBody) as Body;
const resources = (templates: readonly StackTemplate[]): [string, Resource][] => templates.flatMap((template) => Object.entries(body(template).Resources));
const all = Object.entries(variants).map(([name, change]) => [name, synthesize(sampleEnvironment(change))] as const);
const plain = all[0]?.[1] as readonly StackTemplate[];

/** Types whose CloudFormation schema has no tags, or whose tags are laid on by the stack. */
const UNTAGGED = [
  'AWS::EC2::Route',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::ElasticLoadBalancingV2::ListenerRule',
  'AWS::Route53::RecordSet',
  'AWS::S3::BucketPolicy',
];

describe.each(all)('the templates (%s)', (_name, templates) => {
  it('fit inline, without bootstrap, parameters, rules or assets', () => {
    for (const template of templates) {
      expect(Buffer.byteLength(template.templateBody)).toBeLessThan(51_200);
      expect(Object.keys(body(template)).sort()).toEqual(expect.arrayContaining(['Description', 'Resources']));
      expect([body(template).Parameters, body(template).Rules, body(template).Conditions]).toEqual([undefined, undefined, undefined]);
      expect(template.templateBody).not.toMatch(/cdk-hnb|BootstrapVersion|AssetParameters|cdk-bootstrap/);
    }
  });

  it('hold no Lambda and no custom resource', () => {
    expect(resources(templates).filter(([, { Type }]) => /^(AWS::Lambda|Custom::|AWS::CloudFormation::CustomResource)/.test(Type))).toEqual([]);
  });

  it('say the fate of every resource: it goes with its stack', () => {
    for (const [id, resource] of resources(templates)) expect([id, resource.DeletionPolicy, resource.UpdateReplacePolicy]).toEqual([id, 'Delete', 'Delete']);
  });

  it('tag every resource that takes tags', () => {
    for (const [id, { Type, Properties }] of resources(templates)) {
      if (UNTAGGED.includes(Type)) continue;
      const tags = Properties?.Tags;
      const found = Array.isArray(tags)
        ? (tags as { Key: string; Value: string }[]).find(({ Key }) => Key === 'genai:environment')?.Value
        : (tags as Record<string, string>)?.['genai:environment'];
      expect([id, Type, found]).toEqual([id, Type, 'dev']);
    }
  });

  it('fix no name of a role, a bucket, a database or a secret', () => {
    const named = resources(templates).flatMap(([id, { Properties = {} }]) =>
      ['RoleName', 'BucketName', 'DBClusterIdentifier', 'ReplicationGroupId', 'LoadBalancerName', 'TargetGroupName', 'GroupName']
        .filter((key) => key in Properties)
        .map((key) => `${id}.${key}`),
    );
    // Rules of security groups and instances of the cluster refer to names, they do not make them.
    expect(named.filter((name) => !/FromCluster|FromLoadBalancer|DatabaseInstance\.DBClusterIdentifier/.test(name))).toEqual([]);
    expect(resources(templates).find(([id]) => id === 'DatabaseInstance')?.[1].Properties?.DBClusterIdentifier).toEqual({ Ref: 'Database' });
  });

  it('hold no secret, only references that CloudFormation resolves', () => {
    for (const [id, { Properties = {} }] of resources(templates)) {
      for (const key of ['MasterUserPassword', 'AuthToken', 'SecretString']) {
        if (key in Properties) expect([id, JSON.stringify(Properties[key])]).toEqual([id, expect.stringContaining('{{resolve:secretsmanager:')]);
      }
    }
  });

  it('need IAM only where roles are, and name their order', () => {
    const names = templates.map(({ name }) => name);
    templates.forEach((template, index) => {
      expect(template.capabilities).toEqual(template.part === 'cluster' ? ['CAPABILITY_IAM'] : []);
      for (const needed of template.dependsOn) expect(names.slice(0, index)).toContain(needed);
    });
  });

  it('give exactly the outputs that are read', () => {
    const outputs: Record<string, string> = {};
    for (const template of templates) {
      for (const key of template.outputs) {
        expect(body(template).Outputs).toHaveProperty(key);
        outputs[key] = '1';
      }
    }
    expect(() => readStackOutputs(outputs)).not.toThrow();
  });
});

describe('the templates', () => {
  it('are equal for equal environments', () => expect(synthesize(sampleEnvironment())).toEqual(plain));

  it('change nothing but the VPC when the expiry changes', () => {
    const later = synthesize(sampleEnvironment({ expiresAt: '2026-12-01T20:00:00+09:00' }));
    const changed = resources(later).filter(
      ([id, resource]) => JSON.stringify(resource) !== JSON.stringify(resources(plain).find(([other]) => other === id)?.[1]),
    );
    expect(changed.map(([id]) => id)).toEqual(['Vpc']);
  });

  it('keep exactly what is asked for', () => {
    const kept = resources(synthesize(sampleEnvironment({ keepData: { buckets: true, database: true, volumes: true } })))
      .filter(([, { DeletionPolicy }]) => DeletionPolicy !== 'Delete')
      .map(([id, { DeletionPolicy }]) => `${id} ${DeletionPolicy}`);
    expect(kept.sort()).toEqual([
      'ClickhouseBucket Retain',
      'ClickhouseBucketPolicy Retain',
      'Database Snapshot',
      'EventsBucket Retain',
      'EventsBucketPolicy Retain',
    ]);
  });

  it('leave the load balancer to the cluster in the mode ingress', () => {
    expect(synthesize(sampleEnvironment({ ingress: 'ingress' })).map(({ part }) => part)).toEqual(['network', 'data', 'cluster']);
  });

  for (const template of plain) {
    it(`are those of the golden file: ${template.part}`, async () => {
      await expect(`${JSON.stringify(body(template), null, 1)}\n`).toMatchFileSnapshot(join(import.meta.dirname, 'golden', `${template.part}.golden`));
    });
  }
});

const assertions = (part: string, templates = plain): Template =>
  Template.fromJSON(body(templates.find((template) => template.part === part) as StackTemplate) as unknown as Record<string, unknown>);

describe('the parts', () => {
  it('network: one NAT gateway, S3 without it, private subnets in two zones', () => {
    const template = assertions('network');
    template.resourceCountIs('AWS::EC2::NatGateway', 1);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
    template.resourceCountIs('AWS::EC2::Subnet', 4);
    template.allResourcesProperties('AWS::EC2::Subnet', { MapPublicIpOnLaunch: false });
  });

  it('data: private, encrypted stores, and a cache that never evicts', () => {
    const template = assertions('data');
    template.hasResourceProperties('AWS::RDS::DBCluster', {
      Engine: 'aurora-postgresql',
      StorageEncrypted: true,
      DeleteAutomatedBackups: true,
      ServerlessV2ScalingConfiguration: { MinCapacity: 0.5 },
    });
    template.hasResourceProperties('AWS::RDS::DBInstance', { PubliclyAccessible: false, DBInstanceClass: 'db.serverless' });
    template.hasResourceProperties('AWS::ElastiCache::ParameterGroup', { Properties: { 'maxmemory-policy': 'noeviction' } });
    template.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
      Engine: 'valkey',
      TransitEncryptionEnabled: true,
      AtRestEncryptionEnabled: true,
      SnapshotRetentionLimit: 0,
    });
    template.resourceCountIs('AWS::S3::Bucket', 2);
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    });
    expect(JSON.stringify(template.findResources('AWS::S3::Bucket'))).not.toContain('VersioningConfiguration');
  });

  it('data: pauses the database only when 0 capacity is asked for', () => {
    const paused = synthesize(sampleEnvironment({ sizes: { databaseMinAcu: 0 } }));
    assertions('data', paused).hasResourceProperties('AWS::RDS::DBCluster', {
      ServerlessV2ScalingConfiguration: { MinCapacity: 0, SecondsUntilAutoPause: 300 },
    });
  });

  it('cluster: Auto Mode without built-in nodes, its API only for the allowed addresses', () => {
    const template = assertions('cluster');
    template.hasResourceProperties('AWS::EKS::Cluster', {
      Name: 'genai-dev',
      ComputeConfig: { Enabled: true, NodePools: [] },
      StorageConfig: { BlockStorage: { Enabled: true } },
      KubernetesNetworkConfig: { ElasticLoadBalancing: { Enabled: true } },
      AccessConfig: { AuthenticationMode: 'API' },
      ResourcesVpcConfig: { PublicAccessCidrs: ['203.0.113.7/32'] },
      UpgradePolicy: { SupportType: 'STANDARD' },
    });
    template.hasResourceProperties('AWS::EKS::AccessEntry', { Type: 'EC2' });
  });

  it('cluster: one role a pod, under exactly the service accounts of the pods', () => {
    const associations = Object.values(assertions('cluster').findResources('AWS::EKS::PodIdentityAssociation')).map(({ Properties }) => [
      Properties.Namespace,
      Properties.ServiceAccount,
    ]);
    expect(associations.sort()).toEqual(
      Object.values(SERVICE_ACCOUNTS)
        .map((account) => [NAMESPACE, account])
        .sort(),
    );
  });

  it('edge: target groups carry the tag without which EKS may not register targets', () => {
    const groups = Object.values(assertions('edge').findResources('AWS::ElasticLoadBalancingV2::TargetGroup'));
    expect(groups).toHaveLength(2);
    for (const { Properties } of groups) expect(Properties.Tags).toContainEqual({ Key: 'eks:eks-cluster-name', Value: 'genai-dev' });
  });

  it('edge: plain HTTP only from the allowed addresses', () => {
    const [group] = Object.values(assertions('edge').findResources('AWS::EC2::SecurityGroup'));
    const cidrs = ((group as { Properties: Record<string, unknown> }).Properties.SecurityGroupIngress as { CidrIp: string }[]).map(({ CidrIp }) => CidrIp);
    expect(new Set(cidrs)).toEqual(new Set(['203.0.113.7/32']));
  });

  it('edge: with a domain, TLS 1.3, a redirect, names, and nothing for other hosts', () => {
    const template = assertions('edge', all[1]?.[1]);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 443, Protocol: 'HTTPS', SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06' });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 80, DefaultActions: [{ Type: 'redirect' }] });
    template.resourceCountIs('AWS::Route53::RecordSet', 2);
    template.hasResourceProperties('AWS::CertificateManager::Certificate', { ValidationMethod: 'DNS' });
  });
});
