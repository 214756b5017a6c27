// Runs the checks one after the other and takes away what they made.
import { Unreachable } from '#http.ts';
import { freshKeyCall, models, refusal, removeTemporaryKeys, requestLog } from './calls.ts';
import type { Check, CheckResult, Facts, Outcome, Target } from './check.ts';
import { consolePages, login, openapi } from './pages.ts';
import { removeTraces, secondProject } from './second-project.ts';
import { blobs, countRows, noFacts, rows, trace } from './stores.ts';

/** In the order of the seed's README; later checks use what earlier ones found. */
const CHECKS: readonly Check[] = [openapi, consolePages, login, models, freshKeyCall, refusal, requestLog, trace, blobs, rows, secondProject];

/** The checks that make sense for a target. */
export function checksOf(target: Target): readonly Check[] {
  return CHECKS.filter((check) => check.applies?.(target) ?? true);
}

/** Runs all checks and removes temporary keys and traces, whatever happens. `left` names what could not be removed. */
export async function runChecks(
  target: Target,
  onStart: (check: Check, index: number) => void = () => {},
): Promise<{ results: CheckResult[]; left: string[] }> {
  const facts = noFacts();
  facts.rowsBefore = await countRows(target);
  const results: CheckResult[] = [];
  for (const [index, check] of checksOf(target).entries()) {
    onStart(check, index);
    const started = performance.now();
    const outcome = await runOne(check, target, facts);
    results.push({ id: check.id, title: check.title, ...outcome, elapsedMs: Math.round(performance.now() - started) });
  }
  return { results, left: [...(await removeTemporaryKeys(target, facts)), ...(await removeTraces(target, facts))] };
}

async function runOne(check: Check, target: Target, facts: Facts): Promise<Outcome> {
  try {
    return await check.run(target, facts);
  } catch (error) {
    if (error instanceof Unreachable) return { state: 'failed', detail: error.message };
    return { state: 'failed', detail: error instanceof Error ? error.message : String(error) };
  }
}

export function count(results: readonly CheckResult[]): { passed: number; failed: number; unchecked: number } {
  const of = (state: CheckResult['state']): number => results.filter((result) => result.state === state).length;
  return { passed: of('passed'), failed: of('failed'), unchecked: of('not-checked') };
}

/** 0 only when everything was checked and passed; 1 when something failed; 3 when something could not be checked. */
export function exitCodeOf(results: readonly CheckResult[]): number {
  const { failed, unchecked } = count(results);
  return failed > 0 ? 1 : unchecked > 0 ? 3 : 0;
}
