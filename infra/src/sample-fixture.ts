// The environments and outputs that the tests speak of.
import { type Environment, type EnvironmentInput, readEnvironment } from '#environment.ts';
import { readStackOutputs, type StackOutputs } from '#outputs.ts';

/** An environment of a test: the seed's products behind one address, with what the test changes. */
export const sampleEnvironment = (change: Partial<EnvironmentInput> = {}): Environment =>
  readEnvironment({ gateway: 'litellm', observe: 'langfuse', allowedCidrs: ['203.0.113.7/32'], ...change });

export const SAMPLE_DOMAIN = { hostedZoneId: 'Z0123456789', gatewayHost: 'llm.example.com', observeHost: 'traces.example.com' };

const RAW_OUTPUTS: Readonly<Record<string, string>> = {
  VpcId: 'vpc-0a',
  PrivateSubnetIds: 'subnet-0a,subnet-0b',
  PublicSubnetIds: 'subnet-0c,subnet-0d',
  ClusterName: 'genai-dev',
  ClusterArn: 'arn:aws:eks:ap-northeast-1:123456789012:cluster/genai-dev',
  ClusterEndpoint: 'https://ABC.gr7.ap-northeast-1.eks.amazonaws.com',
  ClusterCertificateAuthority: 'Y2VydA==',
  ClusterSecurityGroupId: 'sg-0c',
  NodeRoleName: 'genai-dev-cluster-NodeRole-abc',
  DatabaseHost: 'genai-dev-data-database.cluster-abc.ap-northeast-1.rds.amazonaws.com',
  DatabasePort: '5432',
  DatabaseSecretArn: 'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:DatabaseSecret-abc',
  CacheHost: 'master.genai.abc.apne1.cache.amazonaws.com',
  CachePort: '6379',
  CacheSecretArn: 'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:CacheSecret-abc',
  PlatformSecretArn: 'arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:PlatformSecret-abc',
  EventsBucketName: 'genai-dev-data-eventsbucket-abc',
  ClickhouseBucketName: 'genai-dev-data-clickhousebucket-abc',
};

const EDGE_OUTPUTS: Readonly<Record<string, string>> = {
  LoadBalancerDnsName: 'genai-lb.ap-northeast-1.elb.amazonaws.com',
  GatewayTargetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/gateway/1',
  ObserveTargetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/observe/2',
  GatewayUrl: 'http://genai-lb.ap-northeast-1.elb.amazonaws.com',
  ObserveUrl: 'http://genai-lb.ap-northeast-1.elb.amazonaws.com:3000',
  LoadBalancerSecurityGroupId: 'sg-0e',
};

/** What the stacks of `sampleEnvironment` would answer; without the edge's in the mode `ingress`. */
export const sampleOutputs = (environment: Pick<Environment, 'ingress'> = { ingress: 'target-group-binding' }): StackOutputs =>
  readStackOutputs(environment.ingress === 'ingress' ? RAW_OUTPUTS : { ...RAW_OUTPUTS, ...EDGE_OUTPUTS });
