// The stock LiteLLM, in the version that the AWS objects pin, started with exactly the configuration, arguments and variables that its pod would get, and `./genai verify` against it.
// Langfuse's part is played by this platform. Left out, because Prisma's engine and a cache are not here, and therefore not proved: LiteLLM's database (virtual keys,
// its log, logging in) and Redis. The pod's config has both; the test takes them out by name and asserts that nothing else is taken out.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IMAGES } from '../infra/src/images.ts';
import { litellmConfig, litellmConfigText } from '../infra/src/k8s/litellm-config.ts';
import { renderSecret } from '../infra/src/k8s/secrets.ts';
import { wavesOf } from '../infra/src/k8s/waves.ts';
import { sampleEnvironment, sampleOutputs } from '../infra/src/sample-fixture.ts';
import { need } from './needs.ts';
import { freePort, type Platform, startPlatform } from './process.ts';

const litellm = need('litellm');
const MASTER_KEY = 'sk-aws-e2e-0123456789abcdef';
const NOT_HERE = ['DATABASE_URL', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_SSL', 'REDIS_PASSWORD', 'STORE_MODEL_IN_DB'];

interface Container {
  args: string[];
  env: { name: string; value: string }[];
  livenessProbe: { httpGet: { path: string } };
  readinessProbe: { httpGet: { path: string } };
}

const environment = sampleEnvironment();
const wave = wavesOf(environment, sampleOutputs(), { providerVariables: [] }).find(({ name }) => name === 'services');
const objects = wave?.objects ?? [];
const objectOf = <Shape>(kind: string, name: string): Shape => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found as unknown as Shape;
};
const container = objectOf<{ spec: { template: { spec: { containers: [Container] } } } }>('Deployment', 'gateway').spec.template.spec.containers[0];

/** The pod's variables, with the addresses of this machine and without what is not here. */
function variables(platform: Platform): Record<string, string> {
  const spec = wave?.secrets.find(({ name }) => name === 'gateway-env');
  if (spec === undefined) throw new Error('the gateway has no secret');
  const values: Record<string, string> = { litellmMasterKey: MASTER_KEY, projectPublicKey: platform.keys.publicKey, projectSecretKey: platform.keys.secretKey };
  const secret = renderSecret(spec, ({ field }) => values[field] ?? `made-${field}`).data as Record<string, string>;
  const decoded = Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]));
  const all: Record<string, string> = { ...Object.fromEntries(container.env.map(({ name, value }) => [name, value])), ...decoded };
  for (const name of NOT_HERE) {
    expect(all).toHaveProperty(name);
    delete all[name];
  }
  return { ...all, HOME: platform.folder, LANGFUSE_HOST: platform.observeUrl, PATH: process.env.PATH ?? '', NO_PROXY: '*' };
}

describe.skipIf(litellm === null)('LiteLLM with the configuration of its pod', () => {
  let platform: Platform;
  let child: ChildProcess;
  let url: string;
  let output = '';

  beforeAll(async () => {
    platform = await startPlatform();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const text = objectOf<{ data: Record<string, string> }>('ConfigMap', 'gateway-config').data['config.yaml'];
    expect(text).toBe(litellmConfigText(environment));
    const { router_settings, ...kept } = litellmConfig(environment);
    expect(Object.keys(router_settings)).toEqual(['redis_host', 'redis_port', 'redis_password']);
    const { database_url, database_connection_pool_limit, store_model_in_db, store_prompts_in_spend_logs, ...general } = kept.general_settings;
    expect([database_url, database_connection_pool_limit, store_model_in_db, store_prompts_in_spend_logs]).toEqual(['os.environ/DATABASE_URL', 10, true, true]);
    const file = join(platform.folder, 'litellm.yaml');
    writeFileSync(file, JSON.stringify({ ...kept, general_settings: general }));
    const args = container.args.map((argument) => ({ '/app/config.yaml': file, '4000': String(port) })[argument] ?? argument);
    child = spawn(litellm as string, [...args, '--host', '127.0.0.1'], { cwd: platform.folder, env: variables(platform), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const deadline = Date.now() + 150_000;
    while (
      !(await fetch(`${url}${container.livenessProbe.httpGet.path}`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`LiteLLM did not start:\n${output}`);
      await sleep(250);
    }
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.kill('SIGTERM')) await Promise.race([ended, sleep(15_000).then(() => child.kill('SIGKILL'))]);
    await platform.stop();
  });

  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json', ...init.headers } });

  it('is the version of the image', async () => {
    const { info } = (await (await ask('/openapi.json')).json()) as { info: { version: string } };
    expect(`v${info.version}`).toBe(IMAGES.litellm.tag);
  });

  it('answers the probes of the pod', async () => {
    expect((await fetch(`${url}${container.livenessProbe.httpGet.path}`)).status).toBe(200);
    expect((await fetch(`${url}${container.readinessProbe.httpGet.path}`)).status).toBe(200);
  });

  it('knows its models and refuses a wrong key', async () => {
    const { data } = (await (await ask('/v1/models')).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(['demo']);
    expect((await ask('/v1/models', { headers: { authorization: 'Bearer sk-wrong' } })).status).toBeGreaterThanOrEqual(400);
  });

  it('answers a call, and the call is a trace on the other side', async () => {
    const answer = await ask('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({
        model: 'demo',
        messages: [{ role: 'user', content: 'こんにちは' }],
        metadata: { trace_name: 'aws-pod', session_id: 'aws-session' },
      }),
    });
    expect(answer.status).toBe(200);
    const auth = `Basic ${Buffer.from(`${platform.keys.publicKey}:${platform.keys.secretKey}`).toString('base64')}`;
    const deadline = Date.now() + 60_000;
    let traces: { name: string; input: unknown }[] = [];
    while (traces.length === 0 && Date.now() < deadline) {
      await sleep(500);
      const listed = await fetch(`${platform.observeUrl}/api/public/traces?name=aws-pod`, { headers: { authorization: auth } });
      traces = ((await listed.json()) as { data: { name: string; input: unknown }[] }).data;
    }
    expect(JSON.stringify(traces[0]?.input)).toContain('こんにちは');
  });

  it('passes ./genai verify as far as it can without its database, and verify says which checks could not pass', async () => {
    const { publicKey, secretKey } = platform.keys;
    const args = [
      'verify',
      '--gateway-url',
      url,
      '--observe-url',
      platform.observeUrl,
      '--key',
      MASTER_KEY,
      '--public-key',
      publicKey,
      '--secret-key',
      secretKey,
      '--json',
    ];
    const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
      execFile(join(import.meta.dirname, '../genai'), args, { cwd: platform.folder, timeout: 170_000 }, (error, out) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout: out }),
      );
    });
    const { checks } = JSON.parse(stdout) as { checks: { id: string; state: string; detail: string }[] };
    const of = (state: string): string[] => checks.filter((check) => check.state === state).map(({ id }) => id);
    expect(of('passed')).toEqual(['openapi', 'console', 'models']);
    // Both need a virtual key, which LiteLLM keeps in its database.
    expect(of('failed')).toEqual(['call', 'refusal']);
    for (const { id, detail } of checks.filter(({ state }) => state === 'failed'))
      expect([id, detail]).toEqual([id, expect.stringContaining('a key could not be made')]);
    expect(code).toBe(1);
  }, 180_000);
});
