// Everything a start needs, read once: flags, environment, .env, config.yaml -> Settings and GatewayConfig, with every fault at once.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { buildSettings, rawValue } from './build-settings.ts';
import { layered, readEnvironmentFile } from './environment.ts';
import { readFlags } from './flags.ts';
import { readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';
import type { Environment } from './section.ts';
import type { ConfigNote, GatewayConfig, Settings, StoredSections } from './settings.ts';
import { STARTER_CONFIG } from './starter-config.ts';
import { SETTINGS } from './table.ts';

export interface LoadInput {
  /** Flags only, without program and verb. */
  argv: readonly string[];
  /** `processEnvironment()` in a real start. */
  env: Environment;
  /** Relative paths start here. */
  cwd: string;
}

export interface LoadedSettings {
  settings: Settings;
  gatewayConfig: GatewayConfig;
  /** Errors (refuse the start with exit code 2, see `hasFaults`) and warnings (say them once). */
  notes: ConfigNote[];
  /** Set when no configuration was named and none is there yet: the first start writes STARTER_CONFIG to this path; until then its text is in force. */
  starterConfigPath: string | null;
  /** Files whose change calls for `reloadGatewayConfig`. */
  configFiles: string[];
}

/** Reads every knob. Never throws: whatever is wrong is in `notes`, and broken values stand at their defaults. Writes nothing. */
export function loadSettings(input: LoadInput): LoadedSettings {
  const notes = new Notes();
  const flags = readFlags(input.argv, notes);
  const besideCwd = readEnvironmentFile(join(input.cwd, '.env'), notes);
  const first = layered(input.env, besideCwd);
  const dataDir = resolve(input.cwd, rawValue('dataDir', flags, first)?.text ?? '.data');
  const named = rawValue('config', flags, first);
  const configPath = named === null ? join(dataDir, 'config.yaml') : resolve(input.cwd, named.text);
  const environment = layered(input.env, readEnvironmentFile(join(dirname(configPath), '.env'), notes), besideCwd);
  const text = readConfigText(configPath, named?.from ?? null, notes);
  const config = readLiteLlmConfig({ text: text ?? (named === null ? STARTER_CONFIG : ''), path: configPath, environment, notes });
  const settings = buildSettings({ flags, environment: layered(environment, config.variables), cwd: input.cwd, configPath, dataDir, config }, notes);
  nameUnknownVariables(input.env, notes);
  return {
    settings,
    gatewayConfig: config.gatewayConfig,
    notes: notes.list(),
    starterConfigPath: text === null && named === null ? configPath : null,
    configFiles: config.files,
  };
}

/** Reads the configuration again for a reload: the caller keeps its old snapshot when `notes` holds an error. */
export function reloadGatewayConfig(
  configPath: string,
  input: Pick<LoadInput, 'env' | 'cwd'> & { stored?: StoredSections },
): { gatewayConfig: GatewayConfig; notes: ConfigNote[] } {
  const notes = new Notes();
  const environment = layered(input.env, readEnvironmentFile(join(dirname(configPath), '.env'), notes), readEnvironmentFile(join(input.cwd, '.env'), notes));
  const text = readConfigText(configPath, configPath, notes);
  const stored = input.stored === undefined ? {} : { stored: input.stored };
  const config = readLiteLlmConfig({ text: text ?? '', path: configPath, environment, notes, ...stored });
  return { gatewayConfig: config.gatewayConfig, notes: notes.list() };
}

function readConfigText(path: string, named: string | null, notes: Notes): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    // Only the file that nobody named may be absent: the first start writes it.
    if (named !== null || code !== 'ENOENT') notes.error({ path: named ?? '', file: path }, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
    return null;
  }
}

function nameUnknownVariables(environment: Environment, notes: Notes): void {
  const known = new Set<string>(SETTINGS.flatMap((row) => [...row.variables]));
  for (const name of Object.keys(environment)) {
    if (name.startsWith('GENAI_') && !known.has(name)) notes.warning({ path: name }, 'is not a setting of this platform; docs/settings.md lists them all');
  }
}
