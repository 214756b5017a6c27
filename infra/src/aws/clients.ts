// The SDK's clients of one region: AWS's own retries and credential chain, nothing of ours in between.
import { BudgetsClient } from '@aws-sdk/client-budgets';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { IAMClient } from '@aws-sdk/client-iam';
import { RDSClient } from '@aws-sdk/client-rds';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { STSClient } from '@aws-sdk/client-sts';

export interface AwsClients {
  budgets: BudgetsClient;
  cloudFormation: CloudFormationClient;
  logs: CloudWatchLogsClient;
  ec2: EC2Client;
  eks: EKSClient;
  loadBalancing: ElasticLoadBalancingV2Client;
  cache: ElastiCacheClient;
  iam: IAMClient;
  database: RDSClient;
  tagging: ResourceGroupsTaggingAPIClient;
  s3: S3Client;
  secrets: SecretsManagerClient;
  quotas: ServiceQuotasClient;
  sts: STSClient;
}

const MAX_ATTEMPTS = 8;

/** @param options `endpoint` sends every call to one place (tests). */
export function awsClients(region: string, options: { endpoint?: string; credentials?: { accessKeyId: string; secretAccessKey: string } } = {}): AwsClients {
  const shared = { region, maxAttempts: MAX_ATTEMPTS, ...options };
  return {
    budgets: new BudgetsClient(shared),
    cloudFormation: new CloudFormationClient(shared),
    logs: new CloudWatchLogsClient(shared),
    ec2: new EC2Client(shared),
    eks: new EKSClient(shared),
    loadBalancing: new ElasticLoadBalancingV2Client(shared),
    cache: new ElastiCacheClient(shared),
    iam: new IAMClient(shared),
    database: new RDSClient(shared),
    tagging: new ResourceGroupsTaggingAPIClient(shared),
    s3: new S3Client({ ...shared, ...(options.endpoint === undefined ? {} : { forcePathStyle: true }) }),
    secrets: new SecretsManagerClient(shared),
    quotas: new ServiceQuotasClient(shared),
    sts: new STSClient(shared),
  };
}
