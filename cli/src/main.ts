// The command that a person types: ./genai <verb>. Finds the verb, hands it its flags, and ends with its exit code.
import { realpathSync } from 'node:fs';
import { processEnvironment } from '@genai/server/settings';
import type { Command } from '#command.ts';
import { createIo, type Io } from '#io.ts';
import { chooseLanguage } from '#messages.ts';

/** Verbs are loaded when they are used: `help` must not wait for the whole platform. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('#commands/start.ts')).start,
  verify: async () => (await import('#commands/verify.ts')).verify,
  demo: async () => (await import('#commands/demo.ts')).demo,
  doctor: async () => (await import('#commands/doctor.ts')).doctor,
  keys: async () => (await import('#commands/keys.ts')).keys,
  import: async () => (await import('#commands/import.ts')).importFrom,
  export: async () => (await import('#commands/export.ts')).exportTo,
  gate: async () => (await import('#commands/gate.ts')).gate,
  prices: async () => (await import('#commands/prices.ts')).prices,
  compare: async () => (await import('#commands/compare.ts')).compare,
  plan: async () => (await import('#commands/plan.ts')).plan,
  up: async () => (await import('#commands/up.ts')).up,
  status: async () => (await import('#commands/status.ts')).status,
  logs: async () => (await import('#commands/logs.ts')).logs,
  cost: async () => (await import('#commands/cost.ts')).cost,
  down: async () => (await import('#commands/down.ts')).down,
  sweep: async () => (await import('#commands/sweep.ts')).sweep,
  backup: async () => (await import('#commands/backup.ts')).backup,
  restore: async () => (await import('#commands/restore.ts')).restore,
  migrate: async () => (await import('#commands/migrate.ts')).migrate,
  promote: async () => (await import('#commands/promote.ts')).promote,
  'import-check': async () => (await import('#commands/import-check.ts')).importCheck,
  help: async () => (await import('#commands/help.ts')).help,
  version: async () => (await import('#commands/version.ts')).version,
};

/** Long enough for stdout to reach a slow pipe. */
const EXIT_GRACE_MS = 1000;

export interface Words {
  verb: string;
  argv: string[];
  json: boolean;
  language: string | null;
}

/** Splits the command line. `--help` anywhere asks for help; flags without a verb start the platform, as LiteLLM's container arguments expect. */
export function splitWords(words: readonly string[]): Words {
  const { argv, language } = takeLanguage(words.filter((word) => word !== '--json'));
  const shared = { json: words.includes('--json'), language };
  const named = argv[0] === undefined || argv[0].startsWith('-') ? null : argv[0];
  const rest = named === null ? argv : argv.slice(1);
  if (rest.some((word) => word === '--help' || word === '-h')) return { verb: 'help', argv: named === null ? [] : [named], ...shared };
  if (rest[0] === '--version' || rest[0] === '-v') return { verb: 'version', argv: [], ...shared };
  return { verb: named ?? (rest.length === 0 ? 'help' : 'start'), argv: rest, ...shared };
}

function takeLanguage(words: readonly string[]): { argv: string[]; language: string | null } {
  const at = words.findIndex((word) => word === '--lang' || word.startsWith('--lang='));
  if (at < 0) return { argv: [...words], language: null };
  const inline = words[at]?.startsWith('--lang=') === true;
  return { argv: words.toSpliced(at, inline ? 1 : 2), language: inline ? (words[at]?.slice('--lang='.length) ?? null) : (words[at + 1] ?? null) };
}

/** Runs one command line. Resolves to the exit code; never rejects. */
export async function run(words: readonly string[], context: { env: Readonly<Record<string, string | undefined>>; cwd: string; io?: Io }): Promise<number> {
  const { verb, argv, json, language } = splitWords(words);
  const io =
    context.io ??
    createIo({
      mode: json ? 'json' : 'human',
      language: chooseLanguage(language, context.env),
      out: process.stdout,
      err: process.stderr,
      input: process.stdin,
    });
  const load = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
  try {
    if (load !== undefined) return await (await load())({ argv, env: context.env, cwd: context.cwd, io });
    io.notify('main.unknown-verb', { verb: verb.slice(0, 40) });
    const help = await COMMANDS.help?.();
    await help?.({ argv: [], env: context.env, cwd: context.cwd, io });
    return 2;
  } catch (error) {
    return fail(error, verb, io);
  }
}

function fail(error: unknown, verb: string, io: Io): number {
  const code = (error as { code?: string }).code ?? '';
  const reason = error instanceof Error ? error.message : String(error);
  if (code.startsWith('ERR_PARSE_ARGS')) {
    io.notify('main.bad-flags', { reason: reason.split('. ')[0] ?? reason, verb });
    return 2;
  }
  io.notify('main.failed', { reason: error instanceof Error && error.name === 'Error' ? (error.stack ?? reason) : reason });
  return 1;
}

// The launcher may stand behind a symbolic link (/tmp on macOS), while import.meta names the real file.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  process.exitCode = await run(process.argv.slice(2), { env: processEnvironment(), cwd: process.cwd() });
  // Everything is closed by now: a handle that somebody forgot must not keep the terminal waiting.
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}
