// Proves that the tools hold the house rules: each planted fault must be found, and the same file without the fault must pass.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'house-'));
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(root, 'server/package.json'), join(folder, 'server/package.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rule names that Biome reports for files planted in an empty copy of the house. */
function lint(files: Record<string, string>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const result = spawnSync(process.execPath, [biome, 'lint', '--vcs-enabled=false', '--reporter=json', ...Object.keys(files)], {
    cwd: folder,
    encoding: 'utf8',
  });
  for (const path of Object.keys(files)) rmSync(join(folder, path));
  const report = JSON.parse(result.stdout) as { diagnostics: { category: string }[] };
  return report.diagnostics.map((diagnostic) => diagnostic.category);
}

const importOf = (specifier: string) => `import { thing } from '${specifier}';\nthing();\n`;
const forbidden: [string, string][] = [
  ['server/src/gateway/planted.ts', '#observe/rows.ts'],
  ['server/src/observe/planted.ts', '#gateway/run.ts'],
  ['server/src/gateway/planted.ts', '#stores/records/postgres.ts'],
  ['server/src/observe/planted.ts', '#stores/analytics/chdb.ts'],
  ['server/src/gateway/providers/azure/planted.ts', '#gateway/providers/demo/demo.ts'],
  ['server/src/gateway/providers/azure/planted.ts', '#gateway/run.ts'],
  ['server/src/gateway/providers/azure/planted.ts', '#gateway/dialects/registry.ts'],
  ['server/src/stores/blobs/planted.ts', '#identity/principal.ts'],
  ['server/src/lib/planted.ts', '#stores/blobs/port.ts'],
  ['server/src/http/planted.ts', '#house.ts'],
  ['server/src/settings/planted.ts', '#http/route.ts'],
  ['server/src/telemetry/planted.ts', '#gateway/run.ts'],
  ['server/src/identity/planted.ts', '#gateway/ports.ts'],
  ['server/src/backup/planted.ts', '#observe/store/tables.ts'],
  ['server/src/prices/planted.ts', '#gateway/ports.ts'],
  ['server/src/callbacks/planted.ts', '#gateway/run.ts'],
  ['server/src/callbacks/planted.ts', '#observe/store/consumer.ts'],
  ['server/src/gateway/planted.ts', '#callbacks/service.ts'],
  ['server/src/gateway/planted.ts', '../observe/rows.ts'],
  ['server/src/takeover/planted.ts', '#gateway/run.ts'],
  ['server/src/takeover/planted.ts', '#stores/records/postgres.ts'],
  ['infra/src/aws/buckets/planted.ts', '#life/up.ts'],
  ['infra/src/kubernetes/planted.ts', '#aws/cloud.ts'],
  ['infra/src/life/planted.ts', '@genai/cli/main'],
  ['infra/src/life/planted.ts', '#aws/fake/world.ts'],
  ['cli/src/commands/planted.ts', '@genai/infra/life/scenario-fixture'],
  ['infra/src/stacks/planted.ts', '@aws-sdk/client-ec2'],
  ['infra/src/stacks/planted.ts', '#life/up.ts'],
  ['infra/src/bill/planted.ts', 'aws-cdk-lib/core'],
  ['infra/src/k8s/planted.ts', '#stacks/synthesize.ts'],
  ['infra/src/seed/planted.ts', '#aws/sdk.ts'],
  ['infra/src/planted.ts', '#aws/sdk.ts'],
  ['infra/src/life/planted.ts', 'aws-cdk-lib/aws-ec2'],
];

describe('the rooms', () => {
  for (const [file, specifier] of forbidden) {
    it(`${file} may not import ${specifier}`, () => expect(lint({ [file]: importOf(specifier) })).toContain('lint/style/noRestrictedImports'));
  }
  it('let allowed imports pass', () => {
    expect(lint({ 'server/src/gateway/planted.ts': importOf('#stores/journal/port.ts') })).not.toContain('lint/style/noRestrictedImports');
    expect(lint({ 'server/src/observe/planted.ts': importOf('#prices/port.ts') })).not.toContain('lint/style/noRestrictedImports');
    expect(lint({ 'infra/src/life/planted.ts': importOf('#stacks/synthesize.ts') })).not.toContain('lint/style/noRestrictedImports');
    expect(lint({ 'infra/src/stacks/planted.ts': importOf('aws-cdk-lib/core') })).not.toContain('lint/style/noRestrictedImports');
  });
});

describe('the other rules', () => {
  it('find an import cycle', () => {
    const found = lint({
      'server/src/lib/one.ts': "import { two } from './two.ts';\nexport const one = () => two();\n",
      'server/src/lib/two.ts': "import { one } from './one.ts';\nexport const two = () => one();\n",
    });
    expect(found).toContain('lint/suspicious/noImportCycles');
  });
  it('find a file above 400 lines', () => {
    expect(
      lint({
        'server/src/lib/long.ts':
          'export const value = 1;\n'.replace('value', 'v0') + Array.from({ length: 410 }, (_, index) => `export const v${index + 1} = ${index};\n`).join(''),
      }),
    ).toContain('lint/style/noExcessiveLinesPerFile');
  });
  it('find a function above 60 lines', () => {
    expect(
      lint({
        'server/src/lib/long.ts': `export function long(): number {\n${Array.from({ length: 62 }, (_, index) => `  const v${index} = ${index};\n`).join('')}  return v0;\n}\n`,
      }),
    ).toContain('lint/complexity/noExcessiveLinesPerFunction');
  });
  it('find process.env outside settings', () =>
    expect(lint({ 'server/src/http/planted.ts': 'export const value = process.env.HOME;\n' })).toContain('lint/style/noProcessEnv'));
  it('find a default export', () => expect(lint({ 'server/src/lib/planted.ts': 'export default 1;\n' })).toContain('lint/style/noDefaultExport'));
  it('find any and console', () => {
    const found = lint({ 'server/src/lib/planted.ts': 'export const value: any = 1;\nconsole.log(value);\n' });
    expect(found).toContain('lint/suspicious/noExplicitAny');
    expect(found).toContain('lint/suspicious/noConsole');
  });
});

describe('the tree', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  it('has no test that never runs or runs alone', () => {
    const pattern = ['\\b(it|test|describe)\\.', '(skip|todo|only)\\('].join('');
    const result = spawnSync('git', ['grep', '-nE', pattern, '--', '*.test.ts', '*.test.tsx'], { cwd: root, encoding: 'utf8' });
    expect(result.stdout).toBe('');
  });
  it('has no room that nobody may name', () => {
    expect(tracked.filter((path) => /\/(utils|common|shared|helpers|misc)\//.test(path))).toEqual([]);
  });
});
