// What every verb is: a function from its flags to an exit code, with everything it may touch handed in.
import type { Io } from '#io.ts';

export interface CommandContext {
  /** Words after the verb, without the flags that every verb has (--json, --lang). */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  io: Io;
}

/** Resolves to the exit code: 0 good, 1 a check or call failed, 2 wrong use or a fault of the configuration, 3 something could not be checked. */
export type Command = (context: CommandContext) => Promise<number>;
