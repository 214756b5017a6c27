// What every life-cycle step is given: the environment, the cloud, a way to its cluster, a clock and somebody to tell.
import type { Cloud } from '#aws/cloud.ts';
import type { Environment } from '#environment.ts';
import type { RunningFacts, Wave } from '#k8s/waves.ts';
import type { ClusterDoor } from '#kubernetes/client.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';
import type { StackOutputs } from '#outputs.ts';
import type { StackTemplate } from '#stacks/synthesize.ts';
import type { Reporter } from './report.ts';

export interface Clock {
  now(): Date;
  /** Rejects when the person has interrupted. */
  sleep(ms: number): Promise<void>;
}

/** The declarative half: what is to exist. */
export interface Blueprint {
  synthesize(environment: Environment): readonly StackTemplate[];
  waves(environment: Environment, outputs: StackOutputs, facts: RunningFacts): readonly Wave[];
}

export interface LifeContext {
  environment: Environment;
  cloud: Cloud;
  connect(door: ClusterDoor): KubernetesPort;
  blueprint: Blueprint;
  clock: Clock;
  report: Reporter;
}

/** What can end a verb. The command line has a sentence in each language for every code. */
export type FailureCode =
  | 'identity.refused'
  | 'preflight.zones'
  | 'preflight.quota'
  | 'stack.failed'
  | 'stack.refused'
  | 'stack.slow'
  | 'stack.stuck'
  | 'wave.failed'
  | 'wave.slow'
  | 'wave.held'
  | 'cluster.unreachable'
  | 'cluster.absent'
  | 'secrets.absent'
  | 'secrets.field'
  | 'logs.none';

/** Ends a verb with a sentence for the person; the code names it. */
export class LifeError extends Error {
  readonly code: FailureCode;
  readonly values: Readonly<Record<string, string | number>>;
  constructor(code: FailureCode, values: Readonly<Record<string, string | number>>) {
    super(`${code}: ${JSON.stringify(values)}`);
    this.name = 'LifeError';
    this.code = code;
    this.values = values;
  }
}

export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** The machine's clock; sleeping ends at once when `signal` fires. */
export function systemClock(signal: AbortSignal): Clock {
  return {
    now: () => new Date(),
    sleep: (ms) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(new Interrupted());
        const stop = (): void => {
          clearTimeout(timer);
          reject(new Interrupted());
        };
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', stop);
          resolve();
        }, ms);
        signal.addEventListener('abort', stop, { once: true });
      }),
  };
}
