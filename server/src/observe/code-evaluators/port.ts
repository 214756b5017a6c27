// What is asked of the sandbox that runs people's evaluators, and what it answers.

/** The bounds of one run. Each is held inside the sandbox, and what it does not hold there is ended from outside. */
export const LIMITS = {
  /** Text of an evaluator (Langfuse: 256 KB). */
  sourceChars: 262_144,
  /** What an evaluator is given, as JSON text. */
  contextChars: 2_097_152,
  /** What it returns, as JSON text. */
  outputChars: 65_536,
  /** Of its own thread, so that a busy machine takes nothing away. */
  cpuMs: 1_000,
  /** Whatever runs for so long is ended with its thread: what the engine cannot interrupt, and a machine that gives no time. */
  wallMs: 10_000,
  /** The whole memory of the engine and what runs in it, in pages of 64 KB: 64 MB. */
  memoryPages: 1_024,
  stackBytes: 262_144,
} as const;

/** `contextText` null: only looked at, whether it would run. */
export interface SandboxQuestion {
  source: string;
  contextText: string | null;
}

export type SandboxAnswer = { kind: 'value'; text: string; cpuMs: number } | SandboxFault;

/** Why there is no value. `again`: it may be the machine's doing, the same may succeed later. */
export interface SandboxFault {
  kind: 'fault';
  message: string;
  /** In the evaluator's text; null where nobody knows. */
  line: number | null;
  again: boolean;
}

export interface CodeSandbox {
  /** Never rejects for what runs in it. @throws AppError 503 when too many wait, or when it is being closed. */
  run(question: SandboxQuestion): Promise<SandboxAnswer>;
  close(): Promise<void>;
}

/** A fault in one sentence. */
export function faultText({ message, line }: Pick<SandboxFault, 'message' | 'line'>): string {
  return line === null ? message : `line ${line}: ${message}`;
}
