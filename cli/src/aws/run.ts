// Runs one AWS verb: opens the life cycle, lets Ctrl-C end it cleanly, and turns every way of failing into a sentence and an exit code.
import type { Environment } from '@genai/infra/environment';
import type { LifeContext } from '@genai/infra/life/context';
import type { CommandContext } from '#command.ts';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';
import { AwsStop } from './environment.ts';
import { infra } from './infra.ts';
import { reporter } from './reporter.ts';

const INTERRUPTED_EXIT_CODE = 130;

/** Makes the life cycle over an environment; tests hand in a scripted account. */
export type OpenLife = (environment: Environment, context: CommandContext, signal: AbortSignal) => Promise<LifeContext>;

export const openAws: OpenLife = async (environment, { io }, signal) => {
  const { openLife } = await infra(() => import('@genai/infra/life/open'));
  return openLife(environment, reporter(io), signal);
};

/** @param work gets a signal that fires with the first Ctrl-C; a second one ends the process at once */
export async function runAws(context: CommandContext, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const { io } = context;
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT_CODE);
    io.notify('aws.stopping');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    return explain(io, error);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

interface Known {
  name: string;
  message: string;
  code?: string;
  awsCode?: string;
  values?: Record<string, string | number>;
  exitCode?: number;
}

/** Errors are known by name, because their classes are loaded only with the AWS half. */
function explain(io: Io, error: unknown): number {
  if (!(error instanceof Error)) throw error;
  const known: Known = error;
  switch (known.name) {
    case 'AwsStop':
      return known.exitCode ?? 1;
    case 'Interrupted':
      io.notify('aws.interrupted');
      return INTERRUPTED_EXIT_CODE;
    case 'LifeError':
      io.notify(`fail.${known.code}` as MessageCode, known.values ?? {});
      return 1;
    case 'InfraAbsent':
      io.notify('aws.not-installed');
      return 2;
    case 'BackupError':
    case 'EnvironmentError':
    case 'CombinationError':
      io.notify('aws.settings', { reason: known.message });
      return 2;
    case 'CloudError':
      return refused(io, known);
    case 'KubernetesError':
      io.notify('aws.kubernetes', { reason: known.message });
      return 1;
    default:
      throw error;
  }
}

function refused(io: Io, { code, awsCode = '', message }: Known): number {
  if (code === 'credentials') io.notify('aws.credentials', { reason: message });
  else if (code === 'denied') io.notify('aws.denied', { reason: message });
  else io.notify('aws.refused', { code: awsCode, reason: message });
  return 1;
}

/** Asks unless --yes; ends the verb when the answer is no. @throws AwsStop */
export async function confirmed(io: Io, yes: boolean | undefined, code: MessageCode, values: Record<string, string | number>): Promise<void> {
  if (yes === true || (await io.confirm(code, values))) return;
  io.notify('aws.nothing-done');
  throw new AwsStop(2);
}
