// `import-check` as a verb over a scripted account: exit codes, both languages, JSON, faulty files, and that no secret of a state is ever said.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STATE_SECRETS, sampleState } from '@genai/infra/seed/sample-state-fixture';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ran, scripted } from '#aws/scripted.ts';
import { recordingIo } from '#recording-io.ts';
import { importCheckWith } from './import-check.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'genai-import-'));
  writeFileSync(join(cwd, 'terraform.tfstate'), sampleState());
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const STATE = ['--state', 'terraform.tfstate'];

describe('import-check', () => {
  it('ends with 1 while something stands, and says in words what took its place and what to do', async () => {
    const { made, open } = scripted();
    made.world.add('bucket', 'seed-langfuse-events', { tags: {} });
    made.world.add('volume', 'vol-1', { tags: { 'kubernetes.io/cluster/seed-cluster': 'owned' }, state: 'available' });
    const english = await ran(importCheckWith(open), STATE, { cwd, recorder: recordingIo('human') });
    expect(english.code).toBe(1);
    expect(english.out).toContain('Buckets -> two buckets without versions');
    expect(english.out).toMatch(
      /aws_s3_bucket +langfuse +seed-langfuse-events +ap-northeast-1 +STANDS +remove all versions and delete markers, then terraform destroy/,
    );
    expect(english.out).toMatch(/volume +vol-1 +vol-1 +available +delete the claim/);
    const japanese = await ran(importCheckWith(open), STATE, { cwd, recorder: recordingIo('human', { language: 'ja' }) });
    expect(japanese.out).toMatch(
      /aws_s3_bucket +langfuse +seed-langfuse-events +ap-northeast-1 +残存 +全バージョンと削除マーカーを消してから terraform destroy/,
    );
    const json = await ran(importCheckWith(open), STATE, { cwd });
    expect(JSON.parse(json.out)).toMatchObject({ good: false, account: '123456789012', otherProviders: 1, outside: [{ kind: 'volume', id: 'vol-1' }] });
    for (const said of [english, japanese, json]) for (const secret of STATE_SECRETS) expect(said.out + said.err).not.toContain(secret);
  });

  it('ends with 0 only when everything was asked and is gone', async () => {
    const { open } = scripted();
    expect((await ran(importCheckWith(open), STATE, { cwd })).code).toBe(3);
    const known = JSON.parse(sampleState());
    known.resources = known.resources.filter(({ type }: { type: string }) => type !== 'aws_kms_key');
    writeFileSync(join(cwd, 'known.tfstate'), JSON.stringify(known));
    const { code, out } = await ran(importCheckWith(open), ['--state', 'known.tfstate'], { cwd });
    expect([code, JSON.parse(out).good]).toEqual([0, true]);
    // An empty state leads nowhere: nobody may say that nothing is left.
    writeFileSync(join(cwd, 'empty.tfstate'), '{"version":4,"resources":[]}');
    const empty = await ran(importCheckWith(open), ['--state', 'empty.tfstate'], { cwd, recorder: recordingIo('human') });
    expect([empty.code, empty.out]).toEqual([3, expect.stringContaining('terraform.tfstate.backup')]);
    expect((await ran(importCheckWith(open), ['--cluster', 'seed-cluster'], { cwd })).code).toBe(0);
  });

  it('ends with 2 for a file that is no state, and says nothing that stands in it', async () => {
    const { open } = scripted();
    for (const [text, said] of [
      ['{"password":"hunter2"', 'is not JSON'],
      ['{"version":3,"x":"hunter2"}', 'has version 3'],
      ['{"version":4,"resources":"hunter2"}', 'not a Terraform state (at "resources")'],
      ['{"encrypted_data":"hunter2"}', 'is encrypted'],
    ] as const) {
      writeFileSync(join(cwd, 'odd.tfstate'), text);
      const { code, out, err } = await ran(importCheckWith(open), ['--state', 'odd.tfstate'], { cwd, recorder: recordingIo('human') });
      expect([text, code, err]).toEqual([text, 2, expect.stringContaining(said)]);
      expect(out + err).not.toContain('hunter2');
    }
    const absent = await ran(importCheckWith(open), ['--state', 'absent.tfstate'], { cwd });
    expect([absent.code, absent.err]).toEqual([2, expect.stringContaining('ENOENT')]);
    expect((await ran(importCheckWith(open), ['--cluster', 'a(b'], { cwd })).code).toBe(2);
  });
});
