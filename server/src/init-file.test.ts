// The start file: read with its variables, faults named together without values, applied once and again without a change, changed where it changes.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPassword } from '#identity/password.ts';
import { AppError } from '#lib/errors.ts';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { applyInitFile } from './apply-init-file.ts';
import { parseInitFile } from './init-file.ts';

let database: TestRecords;
const environment = { SUPPORT_SECRET: 'sk-lf-support-0123456789abcdef' };
const FILE = `
organizations:
  - id: acme
    name: Acme 株式会社
    projects:
      - id: support
        name: Support
        keys:
          - { publicKey: pk-lf-support, secretKey: os.environ/SUPPORT_SECRET }
        prompts:
          - { name: tone, prompt: Be kind., labels: [production] }
          - name: team/answer
            prompt: |
              @@@langfusePrompt:name=tone|label=production@@@
              Answer {{question}}
            labels: [production]
            config: { temperature: 0.2 }
        models:
          - { modelName: house-llm, matchPattern: "(?i)^house-llm$", inputPrice: 0.001, outputPrice: 0.002 }
        scoreConfigs:
          - { name: accuracy, dataType: NUMERIC, minValue: 0, maxValue: 1 }
          - { name: ok, dataType: BOOLEAN }
`;
const read = (text: string) => parseInitFile(text, 'start.yaml', environment);

beforeAll(async () => {
  database = await startTestRecords();
});
afterAll(async () => await database?.stop());

describe('the start file', () => {
  it('makes what it names, and changes nothing when it is applied again', async () => {
    const { records } = database;
    expect(await applyInitFile(records, read(FILE))).toBe(7);
    expect(await applyInitFile(records, read(FILE))).toBe(0);
    const [counts] = await records.query(sql`SELECT (SELECT count(*) FROM prompts) AS prompts, (SELECT count(*) FROM models) AS models,
      (SELECT count(*) FROM score_configs) AS configs, (SELECT count(*) FROM project_keys) AS keys`);
    expect(counts).toEqual({ prompts: '2', models: '1', configs: '2', keys: '1' });
    const [key] = await records.query<{ secret_hash: string }>(sql`SELECT secret_hash FROM project_keys WHERE public_key = 'pk-lf-support'`);
    expect(key?.secret_hash).not.toContain('sk-lf');
  });

  it('changes what it changes: a new version, other prices, a label that was moved comes back', async () => {
    const { records } = database;
    const changed = FILE.replace('Be kind.', 'Be brief.')
      .replace('inputPrice: 0.001', 'inputPrice: 0.003')
      .replace('maxValue: 1 ', 'maxValue: 2 ')
      .replace('Acme 株式会社', 'Acme');
    expect(await applyInitFile(records, read(changed))).toBe(4);
    const tones = () => records.query<{ version: number; labels: string[] }>(sql`SELECT version, labels FROM prompts WHERE name = 'tone' ORDER BY version`);
    expect(await tones()).toEqual([
      { version: 1, labels: [] },
      { version: 2, labels: ['production', 'latest'] },
    ]);
    // Back to the earlier content: no third version, the label goes back.
    expect(await applyInitFile(records, read(FILE))).toBe(4);
    expect((await tones()).map(({ labels }) => labels.includes('production'))).toEqual([true, false]);
    const [model] = await records.query<{ pricing_tiers: [{ prices: { input: number } }] }>(sql`SELECT pricing_tiers FROM models`);
    expect(model?.pricing_tiers[0].prices.input).toBe(0.001);
  });

  it('makes members once, gives them the roles that it says, and never touches a password that is there', async () => {
    const { records } = database;
    const withMembers = (members: string) => read(FILE.replace('name: Acme 株式会社', `name: Acme 株式会社\n    members: ${members}`));
    const members = () =>
      records.query<{ email: string; role: string; must_change_password: boolean; password: string }>(sql`
        SELECT u.email, m.role, u.must_change_password, a.password FROM memberships m JOIN users u ON u.id = m.user_id JOIN accounts a ON a.user_id = u.id
        WHERE m.organization_id = 'acme' ORDER BY u.email`);
    const both = '[{ email: Hanako@example.com, role: OWNER, password: first-password }, { email: ken@example.com, role: VIEWER, password: first-password }]';
    expect(await applyInitFile(records, withMembers(both))).toBe(2);
    expect(await applyInitFile(records, withMembers(both.replaceAll('first-password', 'other-password')))).toBe(0);
    const [hanako, ken] = await members();
    expect([hanako?.email, hanako?.role, ken?.role, ken?.must_change_password]).toEqual(['hanako@example.com', 'admin', 'viewer', true]);
    expect(await verifyPassword('first-password', ken?.password ?? '')).toBe(true);

    expect(await applyInitFile(records, withMembers('[{ email: ken@example.com, role: MEMBER }]'))).toBe(1);
    expect((await members()).map(({ role }) => role)).toEqual(['admin', 'member']);
    // One transaction: neither the person nor a lost administrator stays.
    await expect(applyInitFile(records, withMembers('[{ email: ken@example.com, role: VIEWER }, { email: new@example.com, role: VIEWER }]'))).rejects.toThrow(
      /organisation acme: members: new@example.com is nobody yet/,
    );
    await expect(applyInitFile(records, withMembers('[{ email: hanako@example.com, role: VIEWER }]'))).rejects.toThrow(/without an administrator/);
    expect((await members()).map(({ role }) => role)).toEqual(['admin', 'member']);
  });

  it('sets how long is kept and what is masked, once, and leaves what it does not name', async () => {
    const { records } = database;
    const kept = FILE.replace('name: Acme 株式会社', 'name: Acme 株式会社\n    retention: 90').replace(
      'id: support',
      'id: support\n        masking: [{ builtIn: email }, { name: EMPLOYEE, pattern: "社員[0-9]+" }]\n        sampling: { share: 0.2, keep: { slowerThanMs: 3000 } }\n        retention: { days: 30, rules: [{ environment: dev, days: 7 }] }',
    );
    expect(await applyInitFile(records, read(kept))).toBe(4);
    expect(await applyInitFile(records, read(kept))).toBe(0);
    expect(await applyInitFile(records, read(FILE))).toBe(0);
    const [row] = await records.query(sql`
      SELECT p.retention_days AS days, p.retention_rules AS rules, p.sampling_rule -> 'keep' ->> 'slowerThanMs' AS slow, o.retention_days AS organization FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE p.id = 'support'`);
    expect(row).toEqual({ days: 30, rules: [{ environment: 'dev', days: 7 }], slow: '3000', organization: 90 });
    expect(() => read(kept.replace('days: 7', 'days: 1'))).toThrow('at least 3 days');
  });

  it('names every fault at once, and no value', () => {
    const faults = (text: string): string => {
      try {
        read(text);
      } catch (error) {
        expect(error).toMatchObject({ status: 400 });
        return (error as AppError).message;
      }
      return '';
    };
    const message = faults(FILE.replace('SUPPORT_SECRET', 'ABSENT').replace('dataType: NUMERIC', 'dataType: NUMBER').replace('id: acme', 'id: "a b"'));
    expect(message).toContain('the variable ABSENT is not set');
    expect(message).toContain('organizations.0.id');
    expect(message).toContain('organizations.0.projects.0.scoreConfigs.0.dataType');
    expect(faults('organizations: [')).toContain('not valid YAML');
    expect(faults('organizations: []\nmembers: []')).toContain('the file');
    expect(faults(FILE.replace('os.environ/SUPPORT_SECRET', 'sk-lf-short'))).not.toContain('sk-lf-short');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => read(text)).toThrow(AppError);
      }),
    );
  });

  it('takes no project and no key from others', async () => {
    const { records } = database;
    await expect(applyInitFile(records, read(FILE.replace('id: acme', 'id: other')))).rejects.toThrow('belongs to the organisation acme');
    const second = FILE.replace('id: support', 'id: second');
    await expect(applyInitFile(records, read(second))).rejects.toThrow('opens the project support already');
    await expect(applyInitFile(records, read(FILE.replace('name=tone', 'name=nobody')))).rejects.toThrow('prompt team/answer: Prompt dependency not found');
  });
});
