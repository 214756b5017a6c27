// Work over patterns of people, ended when it takes too long: a regular expression may never end, and nothing else of the process could run meanwhile.
import { createContext, Script } from 'node:vm';

const context = createContext({ work: null });
const script = new Script('work()');

/** True for the error of work that took too long. */
export function tookTooLong(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** Runs synchronous work; V8 ends it after `timeoutMs`, inside a regular expression too. @throws what the work throws, or an error that `tookTooLong` knows. */
export function withinTime<Result>(work: () => Result, timeoutMs: number): Result {
  const outer = context.work;
  context.work = work;
  try {
    return script.runInContext(context, { timeout: timeoutMs }) as Result;
  } finally {
    context.work = outer;
  }
}
