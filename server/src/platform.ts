// The contract between the command line and the running platform: what `startPlatform` (main.ts) takes, says and returns, keys.json, and the answers of admin.sock.
import type { ConfigNote, RoleName } from '#settings/settings.ts';

/** What a start says while it works; the command line renders it. */
export type PlatformEvent =
  /** One step of the start; `percent` 0–100 where the step knows its length. */
  | { kind: 'progress'; step: string; percent?: number; text: string }
  /** A remark of the configuration, once. */
  | { kind: 'note'; note: ConfigNote }
  /** Something the operator should know that is no remark of a file: 3000 taken, no TLS, a foreign database that is left alone. */
  | { kind: 'warning'; text: string }
  | { kind: 'ready'; elapsedMs: number };

export interface PlatformUrls {
  /** http://host:port without a trailing slash; null when this process does not serve the door. */
  gateway: string | null;
  observe: string | null;
  console: string | null;
}

/** First credentials (identity's `Credentials`), as `<data>/keys.json` (0600) holds them; absent after `keys seal` and with external stores. */
export interface KeysFile {
  masterKey: string | null;
  virtualKey: string | null;
  publicKey: string | null;
  secretKey: string | null;
  email: string | null;
  /** Null once it was changed. */
  password: string | null;
  urls: Readonly<Record<string, string>>;
}

/** Set on the first start only. */
export interface FirstRun {
  /** Shown once at a terminal; null when there is nothing to show. */
  keys: KeysFile | null;
  /** Null when no file holds them (external stores). */
  keysPath: string | null;
  configPath: string;
  /** True when the starter configuration was written by this start. */
  configWritten: boolean;
}

export interface StartInput {
  /** Flags without the verb. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  notify(event: PlatformEvent): void;
}

export interface RunningPlatform {
  /** Drains: in-flight answers finish, the journal is flushed. The command line ends the process by itself on a second Ctrl-C. */
  stop(): Promise<void>;
  /** Something threw where nobody caught it: writes it down and drains for a short while, because the state may be wrong. The process has to end afterwards. */
  fail(error: unknown): Promise<void>;
  firstRun: FirstRun | null;
  urls: PlatformUrls;
  /** True when a door listens wider than loopback. */
  listensWide: boolean;
}

/** @throws StartRefused when the start cannot be made; anything else is a bug of ours. */
export type StartPlatform = (input: StartInput) => Promise<RunningPlatform>;

/** Why a start was refused: the process ends with code 2. */
export class StartRefused extends Error {
  /** Faults of flags, environment and configuration; empty when the message says it all (port taken, folder locked). */
  readonly notes: readonly ConfigNote[];

  constructor(message: string, notes: readonly ConfigNote[] = []) {
    super(message);
    this.name = 'StartRefused';
    this.notes = notes;
  }
}

/** GET /status on admin.sock. */
export interface PlatformStatus {
  version: string;
  role: RoleName;
  pid: number;
  startedAt: string;
  dataDir: string;
  urls: PlatformUrls;
  records: { kind: 'embedded' | 'external'; ok: boolean };
  analytics: {
    kind: 'chdb' | 'clickhouse';
    state: 'ready' | 'starting' | 'away';
    /** Rows of observations; null while the engine is away. */
    observations: number | null;
    lagRecords: number | null;
  };
  journal: { backlogBytes: number; payloadLimitBytes: number; level: 'ok' | 'warning' | 'full' };
  coordination: { kind: 'memory' | 'redis'; away: boolean; processes: number };
  memoryBytes: { front: number; engine: number | null };
}

/** GET /blobs?prefix=&limit= on admin.sock, newest last. */
export interface BlobListing {
  data: { key: string; sizeBytes: number; modifiedAt: string }[];
}

/** What POST /backup on admin.sock is told. */
export interface BackupWish {
  /** An absolute folder that is absent or empty, or s3://bucket/prefix. */
  to: string;
  /** secret.key, keys.json, config.yaml and .env go along; only into a folder. */
  withSecrets?: boolean | undefined;
  withoutArchive?: boolean | undefined;
  /** Waits first until everything that was accepted is stored: such a backup can be restored into stores of another kind. */
  drain?: boolean | undefined;
}

/** What lies in a backup, or was restored from it. */
export interface BackupResult {
  id: string;
  place: string;
  records: number;
  analytics: number;
  blobs: number;
  journalBytes: number;
  secretId: string;
  hasSecrets: boolean;
  isDrained: boolean;
  seconds: number;
}

export interface RestoreInput {
  /** Flags of the settings, as `start` takes them: they name the stores to fill. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  from: string;
  /** File with the instance secret, when the backup holds none. */
  secretFile: string | null;
  /** Goes on without the secret: what it sealed (registered models' keys, sessions) cannot be read afterwards. */
  withoutSecret: boolean;
  /** Only looks whether it could be done. */
  dryRun: boolean;
  onProgress(step: string, percent: number): void;
}

export interface RestoreResult extends BackupResult {
  /** Rows and objects that an interrupted run had brought over. */
  foundDone: number;
  /** Where the data folder is; null when everything lies in external stores. */
  dataDir: string | null;
}

export interface RehearsalInput {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** A backup; null = the records that the settings name, which are only read. */
  from: string | null;
  onProgress(step: string, percent: number): void;
}

export interface MigrationRehearsal {
  /** The last migration that the records have. */
  applied: string | null;
  /** What this release would run at its start, and how long each took on the copy. */
  pending: { name: string; seconds: number }[];
  rows: number;
  /** What would break the previous release while both run; empty = it keeps working. */
  faults: string[];
  /** Tables that have more or fewer rows afterwards. */
  changedTables: string[];
}
