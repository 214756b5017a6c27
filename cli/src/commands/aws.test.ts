// The AWS verbs over a scripted account: what they print as text and as JSON, their exit codes, their questions, and that no secret is ever said.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ran, scripted } from '#aws/scripted.ts';
import { recordingIo } from '#recording-io.ts';
import { cost } from './cost.ts';
import { doctorWith } from './doctor.ts';
import { downWith } from './down.ts';
import { logsWith } from './logs.ts';
import { planWith } from './plan.ts';
import { statusWith } from './status.ts';
import { sweepWith } from './sweep.ts';
import { upWith } from './up.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'genai-aws-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const UP = ['--gateway', 'litellm', '--observe', 'langfuse', '--allow', '203.0.113.7/32', '--yes', '--no-verify'];

describe('plan', () => {
  it('prices a fresh clone without credentials, in dollars and yen, beside the seed', async () => {
    const { open } = scripted();
    const human = recordingIo('human');
    const { code, out } = await ran(planWith(open), ['--profile', 'dev'], { cwd, recorder: human });
    expect(code).toBe(0);
    expect(out).toMatch(/Total +\$\d+\.\d\d \(¥[\d,]+\)/);
    expect(out).toMatch(/Destroyed every evening, 20 weekdays of 11 h/);
    expect(out).toMatch(/1 USD = [\d.]+ JPY \(\d{4}-\d\d-\d\d/);
    expect(out).toContain("The seed's form");
    expect(Math.max(...out.split('\n').map((line) => (line.includes('  $') ? line.length : 0)))).toBeLessThan(120);
  });

  it('works for all four combinations, and says which cannot run yet', async () => {
    for (const gateway of ['litellm', 'native'])
      for (const observe of ['langfuse', 'native']) {
        const { code, out, err } = await ran(planWith(scripted().open), ['--gateway', gateway, '--observe', observe], { cwd });
        expect([gateway, observe, code]).toEqual([gateway, observe, 0]);
        expect(JSON.parse(out)).toMatchObject({ bill: { day: { usd: expect.any(Number) } } });
        expect(err.includes('native cannot be deployed')).toBe(gateway === 'native' || observe === 'native');
      }
  });

  it('prints the policy of an operator, and names all faults of a settings file at once', async () => {
    const policy = await ran(planWith(scripted().open), ['--iam'], { cwd });
    expect(JSON.parse(policy.out)[0].document.Version).toBe('2012-10-17');
    writeFileSync(join(cwd, 'genai.aws.yaml'), 'gateway: litellm\nobserve: langfuse\nnames: dev\nsizes: { natGateways: 9 }\n');
    const { code, err } = await ran(planWith(scripted().open), [], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/natGateways.*names|names.*natGateways/s);
  });

  it('compares with what stands, and leaves no change set behind', async () => {
    const { made, open } = scripted();
    await ran(upWith(open), UP, { cwd });
    made.fake.reset();
    const same = await ran(planWith(open), ['--compare', ...UP.slice(0, 6)], { cwd });
    expect(JSON.parse(same.out).stacks.map((stack: { state: string }) => stack.state)).toEqual(Array(4).fill('unchanged'));
    const other = await ran(planWith(open), ['--compare', ...UP.slice(0, 4), '--allow', '203.0.113.8/32'], { cwd });
    expect(JSON.parse(other.out).stacks.at(-1)).toMatchObject({ stack: 'genai-dev-edge', state: 'to change' });
  });

  it('cost shows every source, offline and in Japanese', async () => {
    const { code, out } = await ran(cost, [], { cwd, recorder: recordingIo('human', { language: 'ja' }) });
    expect(code).toBe(0);
    expect(out).toMatch(/単価の前提・出典日・出典/);
    expect(out).toMatch(/20\d\d-\d\d-\d\d AWS Price List/);
  });
});

describe('up and down', () => {
  it('makes, says where everything is without the secrets, and destroys with a proof', async () => {
    const { made, open } = scripted();
    const first = await ran(upWith(open), ['--ttl', '11h', ...UP], { cwd });
    expect(first.code).toBe(0);
    const result = JSON.parse(first.out);
    expect(result).toMatchObject({ good: true, environment: 'dev', urls: { gateway: expect.stringContaining('http://') }, secretArn: expect.any(String) });
    expect(Date.parse(result.expiresAt)).toBeGreaterThan(Date.now());
    const secrets = Object.values(JSON.parse(made.world.secrets.get(result.secretArn) ?? '{}') as Record<string, string>).filter((value) => value.length > 12);
    expect(secrets.length).toBeGreaterThan(8);
    for (const secret of secrets) expect(first.out + first.err).not.toContain(secret);
    const status = await ran(statusWith(open), [], { cwd });
    expect(JSON.parse(status.out)).toMatchObject({ good: true, leftovers: [], isExpired: false, expiresAt: result.expiresAt });
    const planned = await ran(downWith(open), ['--plan'], { cwd });
    expect(JSON.parse(planned.out).remove.length).toBeGreaterThan(30);
    expect((await ran(downWith(open), [], { cwd })).code).toBe(2);
    const gone = await ran(downWith(open), ['--yes'], { cwd });
    expect(gone.code).toBe(0);
    expect(JSON.parse(gone.out)).toMatchObject({ good: true, left: [], unreadable: [] });
    expect(made.world.all()).toEqual([]);
    expect((await ran(statusWith(open), [], { cwd, recorder: recordingIo('human') })).out).toContain('Nothing of the environment dev');
  });

  it('keeps the end of the environment when it is run again, so that nothing changes', async () => {
    const { open } = scripted();
    const first = JSON.parse((await ran(upWith(open), ['--ttl', '11h', ...UP], { cwd })).out);
    const second = JSON.parse((await ran(upWith(open), UP, { cwd })).out);
    expect(second).toMatchObject({ changes: 0, expiresAt: first.expiresAt });
  });

  it('asks once for the products and never takes a silent default', async () => {
    const { made, open } = scripted();
    const { code, err } = await ran(upWith(open), ['--allow', '203.0.113.7/32', '--yes'], { cwd });
    expect(code).toBe(2);
    expect(err).toContain('Not chosen yet: gateway, observe');
    expect(made.fake.steps).toBe(0);
    const asked: string[] = [];
    const recorder = recordingIo('human');
    const choose = async (question: string, words: readonly string[]): Promise<string | null> => {
      asked.push(question);
      return words[0] ?? null;
    };
    const io = { ...recorder.io, choose };
    const answered = await ran(upWith(open), ['--allow', '203.0.113.7/32', '--yes', '--no-verify'], { cwd, recorder: { ...recorder, io } });
    expect(answered.code).toBe(0);
    expect(asked).toEqual(['aws.choose-gateway', 'aws.choose-observe']);
    expect(readFileSync(join(cwd, 'genai.aws.yaml'), 'utf8')).toMatch(/gateway: litellm\nobserve: langfuse/);
    expect((await ran(upWith(open), ['--allow', '203.0.113.7/32', '--yes', '--no-verify'], { cwd })).code).toBe(0);
  });

  it('refuses to begin while a variable of a model is missing, and stores it without saying it', async () => {
    writeFileSync(
      join(cwd, 'genai.aws.yaml'),
      'models:\n  - { name: gpt, model: azure/gpt-4o-mini, apiBase: "https://x.openai.azure.com", apiVersion: "2025-01-01", apiKeyVariable: AZURE_API_KEY }\n',
    );
    const { made, open } = scripted();
    const missing = await ran(upWith(open), UP, { cwd });
    expect([missing.code, made.fake.steps]).toEqual([2, 0]);
    expect(missing.err).toContain('AZURE_API_KEY');
    const { code, out, err } = await ran(upWith(open), UP, { cwd, env: { AZURE_API_KEY: 'the-azure-secret' } });
    expect(code).toBe(0);
    expect([...made.world.secrets.values()].some((text) => text.includes('the-azure-secret'))).toBe(true);
    expect(out + err).not.toContain('the-azure-secret');
  });

  it('exits 1 with ids and a price a day when something stays', async () => {
    const { made, open } = scripted();
    await ran(upWith(open), UP, { cwd });
    made.world.script.failDelete = { Nat1: 99 };
    const { code, out } = await ran(downWith(open), ['--yes'], { cwd, recorder: recordingIo('human') });
    expect(code).toBe(1);
    expect(out).toMatch(/nat-gateway +genai-dev-network-Nat1-\w+/);
    expect(out).toMatch(/thing\(s\) are left, about (≥ )?\$\d/);
  });

  it('names the failed resource in the language of the user, and ends with 1', async () => {
    const { open } = scripted({ failCreate: { Database: { reason: 'no capacity', times: 1 } } });
    const { code, err } = await ran(upWith(open), UP, { cwd, recorder: recordingIo('human', { language: 'ja' }) });
    expect(code).toBe(1);
    expect(err).toContain('genai-dev-data: Database（AWS::RDS::DBCluster）が失敗しました: no capacity');
  });

  it('destroys for a scheduler only what has expired', async () => {
    const { made, open } = scripted();
    await ran(upWith(open), ['--ttl', '1d', ...UP], { cwd });
    made.world.nowMs = Date.now();
    made.fake.reset();
    const early = await ran(downWith(open), ['--expired', '--yes'], { cwd });
    expect([early.code, made.fake.steps]).toEqual([0, 0]);
    made.world.pass(2 * 86_400_000);
    const status = await ran(statusWith(open), [], { cwd });
    expect([status.code, JSON.parse(status.out).isExpired]).toEqual([1, true]);
    expect((await ran(downWith(open), ['--expired', '--yes'], { cwd })).code).toBe(0);
    expect(made.world.all()).toEqual([]);
    expect((await ran(downWith(open), ['--expired', '--yes'], { cwd })).code).toBe(0);
  });

  it('keeps data when asked and lists its price', async () => {
    const { made, open } = scripted();
    await ran(upWith(open), UP, { cwd });
    const { code, out } = await ran(downWith(open), ['--yes', '--keep-data'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(out).kept.length).toBeGreaterThan(10);
    expect(made.world.all('volume')).toHaveLength(1);
  });
});

describe('doctor --aws', () => {
  it('looks at credentials, zones, quotas and the environment, and changes nothing', async () => {
    const { made, open } = scripted();
    const { code, out } = await ran(doctorWith(open), ['--aws'], { cwd });
    const findings = JSON.parse(out).findings as { id: string; state: string }[];
    expect([code, findings.map(({ id, state }) => `${id} ${state}`)]).toEqual([
      0,
      ['aws.credentials ok', 'aws.zones ok', 'aws.quota.elastic-ip ok', 'aws.environment ok'],
    ]);
    await ran(upWith(open), UP, { cwd });
    for (let count = 0; count < 5; count += 1) made.world.add('elastic-ip', `eip-${count}`, { tags: {} });
    made.fake.reset();
    // What stands needs no more room; a stack that has failed is a problem.
    expect((await ran(doctorWith(open), ['--aws'], { cwd })).code).toBe(0);
    const edge = made.fake.stacks.all.get('genai-dev-edge');
    if (edge !== undefined) edge.status = 'UPDATE_FAILED';
    const broken = await ran(doctorWith(open), ['--aws'], { cwd });
    expect([broken.code, broken.out.includes('genai-dev-edge UPDATE_FAILED'), made.fake.steps]).toEqual([1, true, 0]);
    const other = await ran(doctorWith(open), ['--aws', '--name', 'new', '--region', 'eu-west-1'], { cwd });
    expect(JSON.parse(other.out).findings.filter(({ state }: { state: string }) => state === 'problem')).toHaveLength(2);
  });
});

describe('backups', () => {
  it("lets yesterday's keys work: saved before everything goes, in a kept bucket or a file, restored into empty databases", async () => {
    for (const where of ['s3', 'file']) {
      const { made, open } = scripted();
      const home = mkdtempSync(join(cwd, 'home-'));
      const env = { HOME: home };
      const first = JSON.parse((await ran(upWith(open), UP, { cwd: home })).out);
      const secretOf = (arn: string): Record<string, string> => JSON.parse(made.world.secrets.get(arn) ?? '{}');
      const yesterday = secretOf(first.secretArn);
      made.fake.clusters.get('genai-dev')?.databases.set('litellm', 'the keys of the teams').set('langfuse', 'the prompts');
      const gone = await ran(downWith(open), ['--yes', '--save', where], { cwd: home, env });
      const result = JSON.parse(gone.out);
      expect([where, gone.code, result.good]).toEqual([where, 0, true]);
      expect(made.world.all().map(({ kind }) => kind)).toEqual(where === 's3' ? ['bucket'] : []);
      expect(result.kept).toHaveLength(where === 's3' ? 1 : 0);
      const backup = where === 's3' ? Buffer.from([...(made.world.objects.get(result.kept[0].id)?.values() ?? [])][0] ?? []) : readFileSync(result.backup);
      expect(backup.includes('the keys of the teams') || backup.includes(yesterday.litellmMasterKey ?? '')).toBe(false);
      // Without the key nothing of it can be used, and nothing is made.
      const steps = made.fake.steps;
      const other = await ran(upWith(open), ['--from', 'LAST', ...UP], { cwd: home, env: { GENAI_BACKUP_KEY: '00'.repeat(32) } });
      expect([other.code, made.fake.steps]).toEqual([2, steps]);
      const again = await ran(upWith(open), ['--from', 'LAST', ...UP], { cwd: home, env });
      expect(again.code).toBe(0);
      expect(secretOf(JSON.parse(again.out).secretArn)).toEqual(yesterday);
      expect(made.fake.clusters.get('genai-dev')?.databases.get('litellm')).toBe('the keys of the teams');
      expect(made.fake.clusters.get('genai-dev')?.databases.get('langfuse')).toBe('the prompts');
      expect(JSON.parse((await ran(upWith(open), ['--from', 'LAST', ...UP], { cwd: home, env })).out).changes).toBe(0);
    }
  });

  it('saves traces on request, and restores them once, after the migrations', async () => {
    const { made, open } = scripted();
    const home = mkdtempSync(join(cwd, 'home-'));
    const env = { HOME: home };
    await ran(upWith(open), UP, { cwd: home });
    const clickhouse = () => made.fake.clusters.get('genai-dev')?.clickhouse;
    clickhouse()?.tables.set('traces', Buffer.from('the trace of a call'));
    expect((await ran(downWith(open), ['--yes', '--with-traces'], { cwd: home, env })).code).toBe(2);
    const gone = JSON.parse((await ran(downWith(open), ['--yes', '--save', 'file', '--with-traces'], { cwd: home, env })).out);
    expect([gone.good, gone.withTraces]).toEqual([true, true]);
    expect(readFileSync(gone.backup).includes('the trace of a call')).toBe(false);
    for (const changes of [true, false]) {
      const again = JSON.parse((await ran(upWith(open), ['--from', 'LAST', ...UP], { cwd: home, env })).out);
      expect([again.good, again.changes > 0]).toEqual([true, changes]);
      expect(Object.fromEntries([...(clickhouse()?.tables ?? [])].map(([name, rows]) => [name, rows.toString()]))).toEqual({
        traces: 'the trace of a call',
        observations: '',
      });
    }
  });

  it('destroys nothing, and leaves no half backup, when the traces cannot be saved', async () => {
    const { made, open } = scripted();
    const home = mkdtempSync(join(cwd, 'home-'));
    await ran(upWith(open), UP, { cwd: home });
    const { clickhouse } = made.fake.clusters.get('genai-dev') ?? {};
    if (clickhouse !== undefined) clickhouse.isBroken = true;
    const before = made.world.all();
    const { code, err } = await ran(downWith(open), ['--yes', '--save', 'file', '--with-traces'], { cwd: home, env: { HOME: home } });
    expect([code, err.includes('the client failed'), made.world.all()]).toEqual([1, true, before]);
    expect(readdirSync(join(home, 'genai-backups'))).toEqual([]);
  });

  it('destroys nothing when it cannot be saved', async () => {
    const { made, open } = scripted();
    await ran(upWith(open), UP, { cwd });
    made.world.script.apiGone = true;
    const before = made.world.all();
    const { code, err } = await ran(downWith(open), ['--yes', '--save', 'file'], { cwd, env: { HOME: cwd } });
    expect(code).toBe(1);
    expect(err).toContain('the cluster does not answer');
    expect(made.world.all()).toEqual(before);
  });
});

describe('logs and sweep', () => {
  it('shows the lines of a part, and names the parts when there is no such one', async () => {
    const { open } = scripted();
    expect((await ran(logsWith(open), [], { cwd })).code).toBe(1);
    await ran(upWith(open), UP, { cwd });
    const all = JSON.parse((await ran(logsWith(open), ['--tail', '5'], { cwd })).out);
    expect(all.logs.every((log: { text: string }) => log.text === 'the last line of the log')).toBe(true);
    const none = await ran(logsWith(open), ['nothing'], { cwd, recorder: recordingIo('human') });
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('No pod of "nothing". There are: ')]);
  });

  it('sweeps what is left of a lost environment, and refuses while one stands', async () => {
    const { made, open } = scripted();
    made.world.add('volume', 'vol-lost', { tags: { 'genai:environment': 'dev' }, state: 'available', sizeGib: 20 });
    expect((await ran(sweepWith(open), [], { cwd })).code).toBe(2);
    expect((await ran(sweepWith(open), ['--yes'], { cwd })).code).toBe(0);
    expect(made.world.all()).toEqual([]);
    await ran(upWith(open), UP, { cwd });
    expect((await ran(sweepWith(open), ['--yes'], { cwd })).code).toBe(1);
    expect(made.world.all().length).toBeGreaterThan(30);
  });
});
