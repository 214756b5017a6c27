// Flags of backup, restore and promote: those that name stores are handed on to the settings, as `start` has them.
export const STORE_FLAGS = {
  'blobs-url': { type: 'string' },
  's3-endpoint': { type: 'string' },
  's3-region': { type: 'string' },
  's3-path-style': { type: 'string' },
  'clickhouse-url': { type: 'string' },
  'clickhouse-user': { type: 'string' },
  'clickhouse-database': { type: 'string' },
  journal: { type: 'string' },
} as const;

/** The flags that were given, for the settings; null leaves one out. */
export function asArguments(values: Readonly<Record<string, string | boolean | undefined | null>>, names: readonly string[]): string[] {
  return names.flatMap((name) => (typeof values[name] === 'string' ? [`--${name}=${values[name]}`] : []));
}

const STORES = ['--blobs-url URL', '--clickhouse-url URL', '--clickhouse-user USER', '--s3-endpoint URL', '--s3-region REGION'];
const PLACE = 'FOLDER|s3://BUCKET/PREFIX';
const APART = '--journal s3 (the stores of roles apart; GENAI_RECORDS_URL and CLICKHOUSE_PASSWORD are variables only)';

/** For `help`: the flags of these verbs; none for others. */
export function growthFlags(verb: string): string[] {
  const local = ['--data-dir DIR', '--config FILE'];
  if (verb === 'backup') return [`--to ${PLACE}`, '--with-secrets (into a folder only)', '--without-archive', ...local, APART, ...STORES];
  if (verb === 'restore') return [`--from ${PLACE}`, '--secret-file FILE', '--without-secret', '--dry-run', ...local, APART, ...STORES];
  if (verb === 'promote') return ['--dry-run', '--yes', '--stage FOLDER', ...local, ...STORES];
  if (verb === 'migrate') return ['--dry-run', `--from ${PLACE} (a backup; default: the stopped data folder, or GENAI_RECORDS_URL)`, ...local];
  return [];
}
