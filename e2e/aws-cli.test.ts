// The AWS verbs as processes: without credentials, against a local AWS (moto), as JSON, without colour, interrupted by Ctrl-C and run again.
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { awsClients } from '@genai/infra/aws/clients';
import { STATE_SECRETS, sampleState } from '@genai/infra/seed/sample-state-fixture';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Moto, startMoto } from './moto.ts';
import { need } from './needs.ts';
import { temporaryFolder } from './process.ts';

const GENAI = join(import.meta.dirname, '../genai');
const REGION = 'ap-northeast-1';
const moto = need('moto');
let cwd: string;
const running: ChildProcess[] = [];

beforeAll(() => {
  cwd = temporaryFolder();
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(cwd, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** @param onText sees everything printed so far, after each piece */
function genai(words: string[], env: Record<string, string> = {}, onText: (text: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const clean = { PATH: process.env.PATH ?? '', HOME: cwd, AWS_EC2_METADATA_DISABLED: 'true' };
  const child = spawn(GENAI, words, { cwd, env: { ...clean, ...env } });
  running.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
    onText(out + err, child);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
    onText(out + err, child);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

describe('without credentials', () => {
  it('plan prints the bill of Tokyo, as text without colour and as one JSON document', async () => {
    const human = await genai(['plan', '--profile', 'dev']);
    expect(human.code).toBe(0);
    expect(human.out).toMatch(/Total +\$\d+\.\d\d \(¥[\d,]+\)/);
    expect(human.out + human.err).not.toContain('\u001B');
    const json = await genai(['plan', '--json', '--gateway', 'litellm', '--observe', 'langfuse']);
    expect(JSON.parse(json.out)).toMatchObject({
      environment: { region: REGION },
      stacks: expect.arrayContaining([expect.objectContaining({ stack: 'genai-dev-network' })]),
    });
  });

  it('every other verb says what is missing, in the language of the terminal, and ends with 1', async () => {
    for (const verb of ['status', 'down', 'sweep', 'logs']) {
      const { code, err } = await genai([verb, '--yes', '--lang', 'ja']);
      expect([verb, code, err.includes('AWS の認証情報が使えません')]).toEqual([verb, 1, true]);
    }
  });
});

describe('import-check', () => {
  it('reads a Terraform state offline, says what needs credentials, and never a secret', async () => {
    writeFileSync(join(cwd, 'terraform.tfstate'), sampleState());
    const { code, out, err } = await genai(['import-check', '--state', 'terraform.tfstate']);
    expect(code).toBe(1);
    expect(out).toMatch(/aws_rds_cluster +main +seed-db +ap-northeast-1 +not checked/);
    expect(out).toContain('not checked: needs AWS credentials');
    const json = await genai(['import-check', '--state', 'terraform.tfstate', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ good: false, account: null, outsideNotChecked: 'not checked: needs AWS credentials' });
    for (const secret of STATE_SECRETS) expect(out + err + json.out + json.err).not.toContain(secret);
    writeFileSync(join(cwd, 'odd.tfstate'), 'hunter2');
    const odd = await genai(['import-check', '--state', 'odd.tfstate', '--lang', 'ja']);
    expect([odd.code, odd.err]).toEqual([2, expect.stringContaining('JSON ではありません')]);
    expect((await genai(['help', 'import-check'])).out).toContain('--state FILE');
  }, 60_000);
});

describe.skipIf(moto === null)('against a local AWS', () => {
  let server: Moto;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = await startMoto(moto as string);
    env = { AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  });
  afterAll(() => server?.stop());

  it('sweep goes on until Ctrl-C ends it with 130, and goes on when it is run again', async () => {
    const { ec2 } = awsClients(REGION, { endpoint: server.endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
    const Tags = [{ Key: 'genai:environment', Value: 'dev' }];
    const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16', TagSpecifications: [{ ResourceType: 'vpc', Tags }] }))).Vpc?.VpcId ?? '';
    const subnet = (await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: '10.0.0.0/24' }))).Subnet?.SubnetId ?? '';
    const volume = (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 20 }))).VolumeId ?? '';
    await ec2.send(new CreateTagsCommand({ Resources: [volume], Tags: [{ Key: 'kubernetes.io/cluster/genai-dev', Value: 'owned' }] }));
    // Somebody else's machine holds the network: the sweep waits for it and never touches it.
    const machine =
      (await ec2.send(new RunInstancesCommand({ ImageId: 'ami-12345678', MinCount: 1, MaxCount: 1, SubnetId: subnet }))).Instances?.[0]?.InstanceId ?? '';

    let isSent = false;
    const interrupted = await genai(['sweep', '--yes'], env, (text, child) => {
      if (isSent || !text.includes(`removed: volume ${volume}`)) return;
      isSent = true;
      // The launcher replaces itself by Node, so that the signal reaches the verb.
      setTimeout(() => child.kill('SIGINT'), 3000);
    });
    expect([interrupted.code, interrupted.err + interrupted.out]).toEqual([130, expect.stringContaining('run the same command again')]);

    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [machine] }));
    const again = await genai(['sweep', '--yes', '--json'], env);
    const report = JSON.parse(again.out) as { left: unknown[]; unreadable: { kind: string }[] };
    expect(report.left).toEqual([]);
    // moto cannot list one kind: then nobody may say that nothing is left.
    expect([again.code, report.unreadable.map(({ kind }) => kind)]).toEqual([1, ['cache-parameter-group']]);
  }, 300_000);

  it('down says what it would remove and removes nothing with --plan', async () => {
    const { code, out } = await genai(['down', '--plan', '--json'], env);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ stacks: [], stacksKept: [], remove: [], keep: [], unreadable: [{ kind: 'cache-parameter-group' }] });
  }, 120_000);

  it('import-check asks the account which ids of a state stand, and finds the volume of a claim', async () => {
    const { ec2 } = awsClients(REGION, { endpoint: server.endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
    const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }))).Vpc?.VpcId ?? '';
    const volume = (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 20 }))).VolumeId ?? '';
    await ec2.send(new CreateTagsCommand({ Resources: [volume], Tags: [{ Key: 'kubernetes.io/cluster/seed-cluster', Value: 'owned' }] }));
    writeFileSync(join(cwd, 'terraform.tfstate'), sampleState().replaceAll('vpc-seed', vpc));
    const { code, out } = await genai(['import-check', '--state', 'terraform.tfstate', '--json'], env);
    const report = JSON.parse(out) as { resources: { type: string; standing: string; notChecked: string | null }[]; outside: { id: string }[] };
    const standing = Object.fromEntries(report.resources.map((row) => [row.type, row.standing]));
    expect([code, standing]).toEqual([
      1,
      expect.objectContaining({ aws_vpc: 'stands', aws_eks_cluster: 'gone', aws_rds_cluster: 'gone', aws_iam_role: 'gone' }),
    ]);
    expect(report.outside.map(({ id }) => id)).toContain(volume);
  }, 120_000);
});
