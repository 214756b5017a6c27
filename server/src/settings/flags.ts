// The command line of the server process: our flags from the table, and LiteLLM's, so that a container's existing `args` still start.
import { parseArgs } from 'node:util';
import type { Notes } from './notes.ts';
import { SETTINGS, type SettingName } from './table.ts';

/** LiteLLM's own flags that have no meaning in this process; `true` = a value follows. */
const LITELLM_FLAGS: Readonly<Record<string, boolean>> = {
  num_workers: true,
  model: true,
  alias: true,
  api_base: true,
  temperature: true,
  max_tokens: true,
  request_timeout: true,
  keepalive_timeout: true,
  max_requests_before_restart: true,
  ssl_keyfile_path: true,
  ssl_certfile_path: true,
  use_prisma_migrate: false,
  use_prisma_db_push: false,
  skip_server_startup: false,
  run_gunicorn: false,
  run_hypercorn: false,
  use_queue: false,
  health: false,
  test: false,
  drop_params: false,
  telemetry: true,
};
/** Faults when given, because going on would be less secure than what was asked for. */
const REFUSED_FLAGS: Readonly<Record<string, string>> = {
  ssl_keyfile_path: 'TLS is not spoken here; put a load balancer or a reverse proxy in front',
  ssl_certfile_path: 'TLS is not spoken here; put a load balancer or a reverse proxy in front',
};

const DEBUG_FLAGS = ['debug', 'detailed_debug'];

/**
 * Reads `argv` (without the program and the verb). Unknown flags, flags without a value and stray words are faults, all at once.
 * Returns the texts by setting name.
 */
export function readFlags(argv: readonly string[], notes: Notes): Partial<Record<SettingName, string>> {
  const byFlag = new Map<string, SettingName>(SETTINGS.flatMap((row) => (row.flag === null ? [] : [[row.flag, row.name] as const])));
  const options: Record<string, { type: 'string' | 'boolean' }> = {};
  for (const flag of DEBUG_FLAGS) options[flag] = { type: 'boolean' };
  for (const flag of byFlag.keys()) options[flag] = { type: 'string' };
  for (const [flag, hasValue] of Object.entries(LITELLM_FLAGS)) options[flag] = { type: hasValue ? 'string' : 'boolean' };
  const { tokens } = parseArgs({ args: withForgottenValues(argv, options), options, strict: false, allowPositionals: true, tokens: true });
  const values: Partial<Record<SettingName, string>> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') notes.error({ path: token.value.slice(0, 60) }, 'is not understood; see ./genai help start');
    if (token.kind !== 'option') continue;
    const name = byFlag.get(token.name);
    if (name !== undefined) addValue(values, { name, flag: token.rawName, value: token.value }, notes);
    else if (DEBUG_FLAGS.includes(token.name)) values.logLevel = 'debug';
    else noteForeignFlag(token.name, token.rawName.slice(0, 60), notes);
  }
  return values;
}

function noteForeignFlag(name: string, rawName: string, notes: Notes): void {
  const refusal = Object.hasOwn(REFUSED_FLAGS, name) ? REFUSED_FLAGS[name] : undefined;
  if (refusal !== undefined) notes.error({ path: rawName }, refusal);
  else if (Object.hasOwn(LITELLM_FLAGS, name)) notes.warning({ path: rawName }, 'is a flag of LiteLLM that has no effect here');
  else notes.error({ path: rawName }, 'is not a flag; see ./genai help start');
}

/** `--host --port 1`: parseArgs would take "--port" as the host; a flag that needs a value and is followed by a flag has none. */
function withForgottenValues(argv: readonly string[], options: Readonly<Record<string, { type: string }>>): string[] {
  return argv.map((word, index) => {
    const name = word.startsWith('--') ? word.slice(2) : '';
    const needsValue = Object.hasOwn(options, name) && options[name]?.type === 'string';
    return needsValue && argv[index + 1]?.startsWith('--') ? `${word}=` : word;
  });
}

function addValue(values: Partial<Record<SettingName, string>>, given: { name: SettingName; flag: string; value: string | undefined }, notes: Notes): void {
  if (given.value === undefined || given.value === '') notes.error({ path: given.flag }, 'needs a value');
  else values[given.name] = given.value;
}
