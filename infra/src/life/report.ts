// What the life cycle tells while it works: codes with values. The command line has a sentence in each language for every code.

export type Values = Readonly<Record<string, string | number>>;

export type LifeCode =
  | 'preflight.caller'
  | 'preflight.quota-short'
  | 'preflight.leftovers'
  | 'stack.unchanged'
  | 'stack.changes'
  | 'stack.done'
  | 'stack.continues'
  | 'stack.removed-first'
  | 'stack.deleted'
  | 'stack.delete-failed'
  | 'stack.kept'
  | 'secrets.completed'
  | 'volume.bound'
  | 'wave.unchanged'
  | 'wave.done'
  | 'wave.trouble'
  | 'wave.log'
  | 'budget.made'
  | 'budget.failed'
  | 'drain.skipped'
  | 'drain.incomplete'
  | 'drain.done'
  | 'bucket.emptied'
  | 'bucket.refilled'
  | 'repair.try'
  | 'sweep.removed'
  | 'sweep.foreign'
  | 'restore.done'
  | 'restore.skipped'
  | 'save.done'
  | 'save.done-with-traces';

export type Phase =
  | 'preflight'
  | 'network'
  | 'data'
  | 'cluster'
  | 'edge'
  | 'secrets'
  | 'wave'
  | 'budget'
  | 'verify'
  | 'identity'
  | 'save'
  | 'drain'
  | 'buckets'
  | 'stacks'
  | 'sweep'
  | 'proof';

export interface Progress {
  phase: Phase;
  /** What of the phase: a stack, a wave. */
  what: string;
  elapsedSeconds: number;
  /** About how long it usually takes. */
  expectedSeconds: number;
  /** The newest thing that was seen. */
  detail: string;
}

export interface Reporter {
  /** A line that stays. */
  say(code: LifeCode, values?: Values): void;
  /** A line that changes while something is waited for. */
  progress(progress: Progress): void;
}

/**
 * About how long each phase takes, in seconds. The seed's author counts 15 minutes for everything; these parts are public figures of the services
 * (an EKS control plane about 10 minutes, an Aurora cluster with one instance about 8) until `./genai verify` has measured an account.
 */
export const EXPECTED_SECONDS: Readonly<Record<string, number>> = {
  preflight: 10,
  network: 180,
  data: 600,
  cluster: 720,
  edge: 180,
  secrets: 5,
  base: 30,
  ingress: 120,
  clickhouse: 150,
  databases: 60,
  migrations: 120,
  services: 180,
  traffic: 60,
  budget: 5,
  verify: 60,
  identity: 10,
  save: 60,
  drain: 300,
  buckets: 60,
  stacks: 1200,
  sweep: 60,
  proof: 20,
};

/** Measures one phase and reports it each time something is seen. */
export function phaseMeter(report: Reporter, clock: { now(): Date }, phase: Phase, what: string = phase): (detail: string) => void {
  const startedAt = clock.now().getTime();
  const tell = (detail: string): void =>
    report.progress({
      phase,
      what,
      detail,
      elapsedSeconds: Math.round((clock.now().getTime() - startedAt) / 1000),
      expectedSeconds: EXPECTED_SECONDS[what] ?? EXPECTED_SECONDS[phase] ?? 60,
    });
  tell('');
  return tell;
}
