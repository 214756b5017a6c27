// `npm test`: every vitest project, then one line `N passed, N failed, N skipped`. GENAI_REQUIRE=chromium,postgres makes a missing part a failure instead of a skip.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'genai-test-'));
const reportPath = join(folder, 'report.json');
const run = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, UV_THREADPOOL_SIZE: '16' } },
);

let failed = 1;
try {
  const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  // A file that does not even load has no failed test of its own.
  const brokenFiles = report.testResults.filter((result) => result.status === 'failed' && result.assertionResults.length === 0).length;
  failed = report.numFailedTests + brokenFiles;
  console.log(`${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped`);
  if (report.numPassedTests === 0) failed = 1;
} catch (error) {
  console.error(`the test runner left no report: ${(error as Error).message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(run.status === 0 && failed === 0 ? 0 : 1);
