// The stores: Aurora PostgreSQL, Valkey, two buckets, and the secrets.
import { CfnSecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnParameterGroup, CfnReplicationGroup, CfnSubnetGroup } from 'aws-cdk-lib/aws-elasticache';
import { CfnDBCluster, CfnDBInstance, CfnDBSubnetGroup } from 'aws-cdk-lib/aws-rds';
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { App } from 'aws-cdk-lib/core';
import type { Environment } from '#environment.ts';
import { DATABASE_ADMINISTRATOR } from '#k8s/names.ts';
import { VALKEY_PORT, VERSIONS } from '#versions.ts';
import type { Network } from './network.ts';
import { destroyed, destroyedUnless, PlatformStack } from './platform-stack.ts';

/** What other stacks refer to. */
export interface Data {
  readonly stack: PlatformStack;
  readonly databaseSecurityGroupId: string;
  readonly cacheSecurityGroupId: string;
  readonly eventsBucketArn: string;
  readonly clickhouseBucketArn: string;
}

/** A secret that CloudFormation fills; its value is never in the template. Letters and digits only, because it stands in URLs. */
function generatedSecret(stack: PlatformStack, id: string, what: { description: string; field: string; fixed?: Readonly<Record<string, string>> }): CfnSecret {
  return destroyed(
    new CfnSecret(stack, id, {
      description: what.description,
      generateSecretString: {
        generateStringKey: what.field,
        secretStringTemplate: JSON.stringify(what.fixed ?? {}),
        passwordLength: 40,
        excludePunctuation: true,
        includeSpace: false,
        requireEachIncludedType: true,
      },
    }),
  );
}

/** CloudFormation's reference to a field of a secret: resolved at deployment, shown nowhere. */
const dynamicReference = (secret: CfnSecret, field: string): string => `{{resolve:secretsmanager:${secret.ref}:SecretString:${field}}}`;

function database(stack: PlatformStack, environment: Environment, network: Network): { securityGroup: CfnSecurityGroup } {
  const secret = generatedSecret(stack, 'DatabaseSecret', {
    description: 'Administrator of the Aurora cluster; only the bootstrap Job uses it',
    field: 'password',
    fixed: { username: DATABASE_ADMINISTRATOR },
  });
  const securityGroup = destroyed(
    new CfnSecurityGroup(stack, 'DatabaseSecurityGroup', { vpcId: network.vpcId, groupDescription: 'Aurora: from the cluster only' }),
  );
  const subnets = destroyed(
    new CfnDBSubnetGroup(stack, 'DatabaseSubnets', { dbSubnetGroupDescription: 'Private subnets', subnetIds: [...network.privateSubnetIds] }),
  );
  const { databaseMinAcu, databaseMaxAcu } = environment.sizes;
  const cluster = new CfnDBCluster(stack, 'Database', {
    engine: 'aurora-postgresql',
    engineVersion: VERSIONS.auroraPostgresql,
    masterUsername: DATABASE_ADMINISTRATOR,
    masterUserPassword: dynamicReference(secret, 'password'),
    dbSubnetGroupName: subnets.ref,
    vpcSecurityGroupIds: [securityGroup.attrGroupId],
    storageEncrypted: true,
    backupRetentionPeriod: 1,
    deleteAutomatedBackups: !environment.keepData.database,
    copyTagsToSnapshot: true,
    deletionProtection: false,
    serverlessV2ScalingConfiguration: {
      minCapacity: databaseMinAcu,
      maxCapacity: databaseMaxAcu,
      ...(databaseMinAcu === 0 ? { secondsUntilAutoPause: 300 } : {}),
    },
  });
  destroyedUnless(cluster, environment.keepData.database, 'snapshot');
  destroyed(
    new CfnDBInstance(stack, 'DatabaseInstance', {
      engine: 'aurora-postgresql',
      dbClusterIdentifier: cluster.ref,
      dbInstanceClass: 'db.serverless',
      publiclyAccessible: false,
      autoMinorVersionUpgrade: true,
    }),
  );
  stack.output('DatabaseHost', cluster.attrEndpointAddress);
  stack.output('DatabasePort', cluster.attrEndpointPort);
  stack.output('DatabaseSecretArn', secret.ref);
  return { securityGroup };
}

/** Node-based, because only there a parameter group can say `noeviction`: with any other policy Langfuse's queue loses jobs when memory is full. */
function cache(stack: PlatformStack, environment: Environment, network: Network): { securityGroup: CfnSecurityGroup } {
  const secret = generatedSecret(stack, 'CacheSecret', { description: 'Password of Valkey', field: 'password' });
  const securityGroup = destroyed(
    new CfnSecurityGroup(stack, 'CacheSecurityGroup', { vpcId: network.vpcId, groupDescription: 'Valkey: from the cluster only' }),
  );
  const subnets = destroyed(new CfnSubnetGroup(stack, 'CacheSubnets', { description: 'Private subnets', subnetIds: [...network.privateSubnetIds] }));
  const parameters = destroyed(
    new CfnParameterGroup(stack, 'CacheParameters', {
      cacheParameterGroupFamily: VERSIONS.valkeyParameterFamily,
      description: 'Never evict: queues live here',
      properties: { 'maxmemory-policy': 'noeviction' },
    }),
  );
  const group = destroyed(
    new CfnReplicationGroup(stack, 'Cache', {
      replicationGroupDescription: 'Queues and caches of Langfuse and LiteLLM',
      engine: 'valkey',
      engineVersion: VERSIONS.valkey,
      cacheNodeType: environment.sizes.cacheNodeType,
      numCacheClusters: 1,
      automaticFailoverEnabled: false,
      multiAzEnabled: false,
      port: VALKEY_PORT,
      cacheParameterGroupName: parameters.ref,
      cacheSubnetGroupName: subnets.ref,
      securityGroupIds: [securityGroup.attrGroupId],
      atRestEncryptionEnabled: true,
      transitEncryptionEnabled: true,
      authToken: dynamicReference(secret, 'password'),
      snapshotRetentionLimit: 0,
      autoMinorVersionUpgrade: true,
    }),
  );
  stack.output('CacheHost', group.attrPrimaryEndPointAddress);
  stack.output('CachePort', group.attrPrimaryEndPointPort);
  stack.output('CacheSecretArn', secret.ref);
  return { securityGroup };
}

/** A private bucket without versions (ClickHouse deletes as it merges; a versioned bucket would also have to be emptied version by version). */
function bucket(stack: PlatformStack, id: string, keep: boolean): CfnBucket {
  const made = new CfnBucket(stack, id, {
    publicAccessBlockConfiguration: { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
    bucketEncryption: { serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
    lifecycleConfiguration: { rules: [{ id: 'abort-unfinished-uploads', status: 'Enabled', abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } }] },
  });
  destroyedUnless(made, keep, 'retain');
  const policy = new CfnBucketPolicy(stack, `${id}Policy`, {
    bucket: made.ref,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'OnlyOverTls',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [made.attrArn, `${made.attrArn}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  });
  destroyedUnless(policy, keep, 'retain');
  return made;
}

/** Makes the stack `data`. */
export function makeData(app: App, environment: Environment, network: Network): Data {
  const stack = new PlatformStack(app, environment, 'data', 'GenAI Platform: stores and secrets');
  const { securityGroup: databaseSecurityGroup } = database(stack, environment, network);
  const { securityGroup: cacheSecurityGroup } = cache(stack, environment, network);
  const events = bucket(stack, 'EventsBucket', environment.keepData.buckets);
  const clickhouse = bucket(stack, 'ClickhouseBucket', environment.keepData.buckets);
  const platformSecret = generatedSecret(stack, 'PlatformSecret', {
    description: 'Keys and passwords of the platform; the command up adds what is missing and never changes what is there',
    field: 'clickhousePassword',
  });
  stack.output('PlatformSecretArn', platformSecret.ref);
  stack.output('EventsBucketName', events.ref);
  stack.output('ClickhouseBucketName', clickhouse.ref);
  return {
    stack,
    databaseSecurityGroupId: databaseSecurityGroup.attrGroupId,
    cacheSecurityGroupId: cacheSecurityGroup.attrGroupId,
    eventsBucketArn: events.attrArn,
    clickhouseBucketArn: clickhouse.attrArn,
  };
}
