// For tests only: the AWS verbs over a scripted account instead of AWS.
import { type Scenario, scenario } from '@genai/infra/life/scenario-fixture';
import type { CommandContext } from '#command.ts';
import { type RecordingIo, recordingIo } from '#recording-io.ts';
import { reporter } from './reporter.ts';
import type { OpenLife } from './run.ts';

export interface Scripted {
  made: Scenario;
  open: OpenLife;
}

/** @param script how the account misbehaves */
export function scripted(script: Parameters<typeof scenario>[0] = {}): Scripted {
  const made = scenario(script);
  const open: OpenLife = async (environment, { io }) => ({ ...made.context, environment, report: reporter(io) });
  return { made, open };
}

/** One run of a verb: its exit code and what it said. */
export async function ran(
  command: (context: CommandContext) => Promise<number>,
  argv: readonly string[],
  options: { cwd: string; env?: Record<string, string>; recorder?: RecordingIo },
): Promise<{ code: number; out: string; err: string }> {
  const recorder = options.recorder ?? recordingIo('json');
  const code = await command({ argv, env: options.env ?? {}, cwd: options.cwd, io: recorder.io });
  return { code, out: recorder.out(), err: recorder.err() };
}
