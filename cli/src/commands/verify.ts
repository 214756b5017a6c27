// `verify`: the checks of the seed's README (§4.4, §5.4) against any running platform. What could not be checked never counts as passed.
import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '#command.ts';
import { doorOptions, readDoors } from '#doors.ts';
import { Unreachable } from '#http.ts';
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';
import { freshKeyCall, models, refusal, removeTemporaryKeys, requestLog } from '#verify/calls.ts';
import type { Check, CheckResult, Facts, Outcome, Target } from '#verify/check.ts';
import { consolePages, login, openapi } from '#verify/pages.ts';
import { blobs, countRows, noFacts, rows, trace } from '#verify/stores.ts';

/** In the order of the seed's README; later checks use what earlier ones found. */
export const CHECKS: readonly Check[] = [openapi, consolePages, login, models, freshKeyCall, refusal, requestLog, trace, blobs, rows];

const OPTIONS = {
  ...doorOptions,
  email: { type: 'string' },
  password: { type: 'string' },
  model: { type: 'string' },
  wait: { type: 'string' },
  'clickhouse-url': { type: 'string' },
  'clickhouse-user': { type: 'string' },
  'clickhouse-password': { type: 'string' },
} as const;

export const verify: Command = async (context) => {
  const { io } = context;
  const target = await readTarget(context);
  const { results, left } = await runChecks(target, (check, index) => io.progress(Math.round((100 * index) / CHECKS.length), io.text(check.title)));
  io.progress(100, io.text('verify.done'));
  for (const alias of left) io.notify('verify.key-left', { alias });
  const exitCode = exitCodeOf(results);
  io.result({ good: exitCode === 0, gateway: target.gatewayUrl, observe: target.observeUrl, ...count(results), checks: results }, render(io, results));
  return exitCode;
};

/** Runs all checks one after the other and removes the temporary keys, whatever happens. `left` names keys that could not be removed. */
export async function runChecks(
  target: Target,
  onStart: (check: Check, index: number) => void = () => {},
): Promise<{ results: CheckResult[]; left: string[] }> {
  const facts = noFacts();
  facts.rowsBefore = await countRows(target);
  const results: CheckResult[] = [];
  for (const [index, check] of CHECKS.entries()) {
    onStart(check, index);
    const started = performance.now();
    const outcome = await runOne(check, target, facts);
    results.push({ id: check.id, ...outcome, elapsedMs: Math.round(performance.now() - started) });
  }
  return { results, left: await removeTemporaryKeys(target, facts) };
}

async function runOne(check: Check, target: Target, facts: Facts): Promise<Outcome> {
  try {
    return await check.run(target, facts);
  } catch (error) {
    if (error instanceof Unreachable) return { state: 'failed', detail: error.message };
    return { state: 'failed', detail: error instanceof Error ? error.message : String(error) };
  }
}

function count(results: readonly CheckResult[]): { passed: number; failed: number; unchecked: number } {
  const of = (state: CheckResult['state']): number => results.filter((result) => result.state === state).length;
  return { passed: of('passed'), failed: of('failed'), unchecked: of('not-checked') };
}

/** 0 only when everything was checked and passed; 1 when something failed; 3 when something could not be checked. */
export function exitCodeOf(results: readonly CheckResult[]): number {
  const { failed, unchecked } = count(results);
  return failed > 0 ? 1 : unchecked > 0 ? 3 : 0;
}

function render(io: Io, results: readonly CheckResult[]): string {
  const header = [io.text('doctor.header-check'), io.text('doctor.header-state'), io.text('verify.header-time'), io.text('doctor.header-detail')];
  const titles = new Map(CHECKS.map((check) => [check.id, io.text(check.title)]));
  const lines = results.map((result) => [titles.get(result.id) ?? result.id, io.text(`verify.state-${result.state}`), `${result.elapsedMs} ms`, result.detail]);
  return `${renderTable(header, lines)}\n\n${io.text('verify.summary', count(results))}`;
}

async function readTarget(context: CommandContext): Promise<Target> {
  const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
  const doors = await readDoors(context, values);
  const waitSeconds = values.wait === undefined ? null : Number(values.wait);
  const clickhouseUrl = values['clickhouse-url'];
  return {
    ...doors,
    email: values.email ?? doors.email,
    password: values.password ?? doors.password,
    model: values.model ?? null,
    waitMs: waitSeconds === null || !(waitSeconds >= 0) ? null : waitSeconds * 1000,
    clickhouse:
      clickhouseUrl === undefined ? null : { url: clickhouseUrl, user: values['clickhouse-user'] ?? 'default', password: values['clickhouse-password'] ?? '' },
  };
}
