// The adapters of infra/src/aws against moto, a local AWS: emptying buckets, the inventory of every kind that moto has, its removal, and the errors' kinds.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AllocateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateClusterCommand } from '@aws-sdk/client-eks';
import { CreateLoadBalancerCommand, CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AddRoleToInstanceProfileCommand, CreateInstanceProfileCommand, CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateDBClusterCommand, CreateDBInstanceCommand } from '@aws-sdk/client-rds';
import {
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { s3Buckets } from '@genai/infra/aws/buckets/s3';
import { type AwsClients, awsClients } from '@genai/infra/aws/clients';
import { LISTED_KINDS } from '@genai/infra/aws/listing/port';
import { sdkCloud } from '@genai/infra/aws/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Moto, startMoto } from './moto.ts';
import { need } from './needs.ts';

const moto = need('moto');
const REGION = 'ap-northeast-1';
const TAG = 'genai:environment';
const SCOPE = { environment: 'dev', tagKey: TAG, clusterName: 'genai-dev', namePrefix: 'genai-dev', vpcIds: [] as string[] };
const OURS = { Key: TAG, Value: 'dev' };

let server: Moto;
let clients: AwsClients;

describe.skipIf(moto === null)('the AWS adapters against moto', () => {
  beforeAll(async () => {
    server = await startMoto(moto as string);
    clients = awsClients(REGION, { endpoint: server.endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  });
  afterAll(() => {
    server?.stop();
  });

  it('says who calls and which zones are open, and takes missing quotas for unknown', async () => {
    const cloud = sdkCloud(REGION, clients);
    expect((await cloud.account.caller()).account).toMatch(/^\d{12}$/);
    expect(await cloud.account.zones()).toContain('ap-northeast-1a');
    expect((await cloud.account.quotas()).map(({ id }) => id)).toEqual(['elastic-ip', 'vpc', 'load-balancer']);
  });

  it('stores files of any size in a bucket and fetches them, and leaves nothing of an upload that fails', async () => {
    const buckets = s3Buckets(clients.s3, 5 * 1024 * 1024);
    const bucket = 'genai-dev-files-1';
    await buckets.create(bucket, { [TAG]: 'dev' });
    const folder = mkdtempSync(join(tmpdir(), 'genai-files-'));
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    for (const bytes of [0, 7, 5 * 1024 * 1024, 12 * 1024 * 1024 + 1]) {
      writeFileSync(from, randomBytes(bytes));
      await buckets.putFile(bucket, 'file', from);
      expect(await buckets.getFile(bucket, 'file', to)).toBe(true);
      expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
    }
    expect(await buckets.getFile(bucket, 'absent', to)).toBe(false);
    await expect(s3Buckets(clients.s3, 1024 * 1024).putFile(bucket, 'small-parts', from)).rejects.toThrow();
    expect((await buckets.list(bucket, '', 10)).map(({ key }) => key)).toEqual(['file']);
    expect((await clients.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
    while ((await buckets.removeSome(bucket)) > 0);
    await clients.s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    rmSync(folder, { recursive: true });
  });

  it('empties a versioned bucket: versions, delete markers and unfinished uploads, and tolerates that it is gone', async () => {
    const { buckets } = sdkCloud(REGION, clients);
    const Bucket = 'genai-dev-data-eventsbucket-1';
    await buckets.create(Bucket, { [TAG]: 'dev' });
    await buckets.create(Bucket, { [TAG]: 'dev' });
    await clients.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    for (const Body of ['one', 'two', 'three']) await clients.s3.send(new PutObjectCommand({ Bucket, Key: 'events/a', Body }));
    expect(await buckets.prefixes(Bucket, 10)).toEqual(['events/']);
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: 'media/b', Body: 'x' }));
    await clients.s3.send(new DeleteObjectCommand({ Bucket, Key: 'media/b' }));
    await clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'half' }));
    expect((await buckets.list(Bucket, 'events/', 10)).map(({ key }) => key)).toEqual(['events/a']);
    let removed = 0;
    for (let some = await buckets.removeSome(Bucket); some > 0; some = await buckets.removeSome(Bucket)) removed += some;
    expect(removed).toBe(6);
    expect(await buckets.tags(Bucket)).toEqual({ [TAG]: 'dev' });
    const { inventory } = sdkCloud(REGION, clients);
    const found = (await inventory.find(SCOPE)).items.filter(({ kind }) => kind === 'bucket');
    expect(found.map(({ id }) => id)).toEqual([Bucket]);
    for (const item of found) await inventory.remove(item);
    expect(await buckets.exists(Bucket)).toBe(false);
    expect(await buckets.removeSome(Bucket)).toBe(0);
  });

  it('lists every kind of a whole account, with ids as Terraform writes them', async () => {
    const { listing } = sdkCloud(REGION, clients);
    const vpc = (await clients.ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }))).Vpc?.VpcId ?? '';
    await clients.iam.send(new CreateRoleCommand({ RoleName: 'seed-role', AssumeRolePolicyDocument: '{}' }));
    await clients.database.send(
      new CreateDBClusterCommand({ DBClusterIdentifier: 'seed-db', Engine: 'aurora-postgresql', MasterUsername: 'u', MasterUserPassword: 'password1' }),
    );
    await clients.logs.send(new CreateLogGroupCommand({ logGroupName: '/seed/logs' }));
    const unlisted: string[] = [];
    for (const kind of LISTED_KINDS) await listing.idsOf(kind).catch((error: Error) => unlisted.push(`${kind} ${error.name}`));
    // The one kind that moto cannot list: the error is one of ours.
    expect(unlisted).toEqual(['cache-parameter-group CloudError']);
    expect(await listing.idsOf('vpc')).toContain(vpc);
    expect(await listing.idsOf('role')).toContain('seed-role');
    expect(await listing.idsOf('database-cluster')).toContain('seed-db');
    expect(await listing.idsOf('log-group')).toContain('/seed/logs');
  });

  it('reads and writes a secret, and takes one that is planned for deletion for absent', async () => {
    const { secrets, inventory } = sdkCloud(REGION, clients);
    const { ARN } = await clients.secrets.send(new CreateSecretCommand({ Name: 'genai-dev-data-Platform-x', SecretString: '{}', Tags: [OURS] }));
    await secrets.write(ARN ?? '', '{"a":"b"}');
    expect(await secrets.read(ARN ?? '')).toBe('{"a":"b"}');
    expect(await secrets.read('arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:absent')).toBeNull();
    for (const item of (await inventory.find(SCOPE)).items.filter(({ kind }) => kind === 'secret')) await inventory.remove(item);
    expect(await secrets.read(ARN ?? '')).toBeNull();
  });

  it('finds every kind of thing of the environment, none of another one, and removes all of it in the order of the kinds', async () => {
    const vpcId = await furnish('dev', 'genai-dev');
    const otherVpc = await furnish('dev-data', 'genai-dev-data');
    const { inventory } = sdkCloud(REGION, clients);
    const scope = { ...SCOPE, vpcIds: [vpcId] };
    const before = await inventory.find(scope);
    // The one call that moto does not have: what cannot be listed is said, and is not taken for empty.
    expect(before.unreadable.map(({ kind }) => kind)).toEqual(['cache-parameter-group']);
    expect(new Set(before.items.map(({ kind }) => kind))).toEqual(
      new Set([
        'cluster',
        'instance',
        'database-instance',
        'database-cluster',
        'database-snapshot',
        'load-balancer',
        'target-group',
        'nat-gateway',
        'network-interface',
        'volume',
        'security-group',
        'elastic-ip',
        'subnet',
        'internet-gateway',
        'vpc',
        'instance-profile',
        'role',
        'log-group',
      ]),
    );
    expect(before.items.some(({ vpcId: id, tags }) => id === otherVpc || tags[TAG] === 'dev-data')).toBe(false);
    for (let round = 0; round < 4; round += 1) for (const item of (await inventory.find(scope)).items) await inventory.remove(item).catch(() => null);
    expect((await inventory.find(scope)).items.map(({ kind, id }) => `${kind} ${id}`)).toEqual([]);
    const neighbour = await inventory.find({
      ...SCOPE,
      environment: 'dev-data',
      clusterName: 'genai-dev-data',
      namePrefix: 'genai-dev-data',
      vpcIds: [otherVpc],
    });
    expect(neighbour.items.length).toBe(before.items.length);
  });

  it('gives the errors kinds that the life cycle knows', async () => {
    const { stacks, inventory } = sdkCloud(REGION, clients);
    expect(await stacks.find('genai-absent-network')).toBeNull();
    await stacks.delete('genai-absent-network');
    const vpcId = await furnish('held', 'genai-held');
    const scope = { ...SCOPE, environment: 'held', clusterName: 'genai-held', namePrefix: 'genai-held', vpcIds: [vpcId] };
    const vpc = (await inventory.find(scope)).items.find(({ kind }) => kind === 'vpc');
    await expect(inventory.remove(vpc as NonNullable<typeof vpc>)).rejects.toMatchObject({ code: 'in-use' });
  });

  it('makes a token that is a presigned request naming the cluster, without contacting anybody', async () => {
    const token = await sdkCloud(REGION, clients).cluster.token('genai-dev');
    const [prefix, encoded] = token.split('.');
    const url = new URL(Buffer.from(encoded ?? '', 'base64url').toString());
    expect(prefix).toBe('k8s-aws-v1');
    expect(url.origin).toBe('https://sts.ap-northeast-1.amazonaws.com');
    expect(url.searchParams.get('Action')).toBe('GetCallerIdentity');
    expect(url.searchParams.get('X-Amz-Expires')).toBe('60');
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('host;x-k8s-aws-id');
    expect(url.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
  });
});

/** One of each kind that moto has, tagged or named as the stacks, EKS and its controllers do. Answers the VPC's id. */
async function furnish(environment: string, name: string): Promise<string> {
  const { ec2, loadBalancing, iam, database, logs, eks } = clients;
  const Tags = [{ Key: TAG, Value: environment }];
  const tagged = (ResourceType: 'vpc' | 'volume' | 'elastic-ip' | 'instance' | 'natgateway') => ({ TagSpecifications: [{ ResourceType, Tags }] });
  const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', ...tagged('vpc') }))).Vpc?.VpcId ?? '';
  const subnets: string[] = [];
  for (const [index, zone] of ['a', 'c'].entries()) {
    const made = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: `10.0.${index}.0/24`, AvailabilityZone: `${REGION}${zone}` }));
    subnets.push(made.Subnet?.SubnetId ?? '');
  }
  const SubnetId = subnets[0] ?? '';
  const gateway = (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId }));
  const AllocationId = (await ec2.send(new AllocateAddressCommand({ Domain: 'vpc', ...tagged('elastic-ip') }))).AllocationId ?? '';
  await ec2.send(new CreateNatGatewayCommand({ SubnetId, AllocationId, ...tagged('natgateway') }));
  // The cluster's own group and one that names it: they hold each other.
  const first = (await ec2.send(new CreateSecurityGroupCommand({ GroupName: `eks-cluster-sg-${name}-1`, Description: 'x', VpcId }))).GroupId ?? '';
  const second = (await ec2.send(new CreateSecurityGroupCommand({ GroupName: `k8s-traffic-${name}`, Description: 'x', VpcId }))).GroupId ?? '';
  for (const [GroupId, from] of [
    [first, second],
    [second, first],
  ] as const)
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId: from }] }],
      }),
    );
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Groups: [first] }));
  const volume = (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 20 }))).VolumeId ?? '';
  // CSI drivers tag with the cluster, not with the environment.
  await ec2.send(new CreateTagsCommand({ Resources: [volume], Tags: [{ Key: `kubernetes.io/cluster/${name}`, Value: 'owned' }] }));
  await ec2.send(new RunInstancesCommand({ ImageId: 'ami-12345678', MinCount: 1, MaxCount: 1, SubnetId, ...tagged('instance') }));
  await loadBalancing.send(new CreateLoadBalancerCommand({ Name: `${name}-alb`, Subnets: subnets, Tags }));
  await loadBalancing.send(new CreateTargetGroupCommand({ Name: `${name}-web`, Protocol: 'HTTP', Port: 80, VpcId, Tags }));
  const RoleName = `${name}-cluster-NodeRole-ABC`;
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}', Tags }));
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: 'inline',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }] }),
    }),
  );
  const InstanceProfileName = `eks-${REGION}-${name}-123456789`;
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  const DBClusterIdentifier = `${name}-data-database-abc`;
  await database.send(
    new CreateDBClusterCommand({ DBClusterIdentifier, Engine: 'aurora-postgresql', MasterUsername: 'a', MasterUserPassword: 'abcdefgh', Tags }),
  );
  await database.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: `${DBClusterIdentifier}-1`,
      DBClusterIdentifier,
      Engine: 'aurora-postgresql',
      DBInstanceClass: 'db.serverless',
      Tags,
    }),
  );
  await logs.send(new CreateLogGroupCommand({ logGroupName: `/aws/eks/${name}/cluster` }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: `/aws/rds/cluster/${DBClusterIdentifier}/postgresql` }));
  const roleArn = `arn:aws:iam::123456789012:role/${RoleName}`;
  await eks.send(new CreateClusterCommand({ name, roleArn, resourcesVpcConfig: { subnetIds: subnets }, tags: { [TAG]: environment } }));
  return VpcId;
}
