// Texts from flags and variables -> the typed Settings; a broken text is a fault and its default stands in.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { ConfigResult } from './litellm-config.ts';
import type { Notes } from './notes.ts';
import type { Environment } from './section.ts';
import { parseList, parseSetting } from './setting-values.ts';
import type { Settings } from './settings.ts';
import { SETTINGS, type SettingName, type SettingRow } from './table.ts';

export interface RawValue {
  text: string;
  /** Flag or variable it came from, for notes. */
  from: string;
}

export type Flags = Partial<Record<SettingName, string>>;

/** The text given for a setting (flag before variables) and where it came from; null when nobody gave one. */
export function rawValue(name: SettingName, flags: Flags, environment: Environment): RawValue | null {
  const row = SETTINGS.find((candidate) => candidate.name === name);
  const flag = flags[name];
  if (flag !== undefined) return { text: flag, from: `--${row?.flag ?? name}` };
  for (const variable of row?.variables ?? []) {
    const text = environment[variable];
    if (text !== undefined && text !== '') return { text, from: variable };
  }
  return null;
}

export interface Sources {
  flags: Flags;
  environment: Environment;
  cwd: string;
  configPath: string;
  dataDir: string;
  config: ConfigResult;
}

/** Typed access to the parsed values. */
interface Values {
  text(name: SettingName): string | null;
  number(name: SettingName): number;
}

/** A path that begins with a slash and does not end with one. */
function rootPath(text: string | null, notes: Notes): string {
  const path = (text ?? '').replace(/\/+$/, '');
  if (/^(?:\/[A-Za-z0-9._~-]+)*$/.test(path) && !path.split('/').some((part) => part === '.' || part === '..')) return path;
  notes.error({ path: '--root-path' }, 'must be a path such as /llm');
  return '';
}

/** Builds the settings; faults go to `notes`. */
export function buildSettings(sources: Sources, notes: Notes): Settings {
  const values = parseAll(sources, notes);
  const { text, number } = values;
  const role = (text('role') ?? 'all') as Settings['role'];
  checkSharedJournal(role, values, notes);
  return {
    role,
    host: text('host') ?? '127.0.0.1',
    port: number('port'),
    observePort: number('observePort'),
    otlpGrpcPort: number('otlpGrpcPort'),
    dataDir: sources.dataDir,
    timezone: text('timezone') ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    recordsUrl: text('recordsUrl'),
    recordsListenUrl: text('recordsListenUrl'),
    recordsIam: text('recordsIam') === 'true',
    clickhouse: clickhouse(values),
    redis: redis(values, notes),
    journal: text('journal') as Settings['journal'],
    whenRecordsAreAway: text('whenRecordsAreAway') as Settings['whenRecordsAreAway'],
    blobs: blobs(values),
    s3: s3(values),
    otlp: otlp(values, notes),
    instanceSecret: instanceSecret(text('instanceSecret'), notes),
    workers: workers(role, values, notes),
    drainDelayMs: number('drainDelay') * 1000,
    rootPath: rootPath(text('rootPath'), notes),
    trustedProxies: parseList(text('trustedProxies') ?? ''),
    expose: text('expose') as Settings['expose'],
    configPath: sources.configPath,
    masterKey: chooseMasterKey(sources.config.masterKey, text('masterKey'), notes),
    initFile: initFile(text('initFile'), sources.cwd),
    init: init(values),
    network: network(values, sources.cwd, notes),
    egressAllow: parseList(values.text('egressAllow') ?? ''),
    gatewayUrl: values.text('gatewayUrl'),
    mail: mail(values, notes),
    consoleUrl: values.text('consoleUrl'),
    limits: {
      maxRequestBytes: sources.config.maxRequestBytes ?? number('maxRequestSize'),
      inFlightBytes: number('inFlightSize'),
      payloadJournalBytes: number('payloadJournalSize'),
      moneyJournalBytes: number('moneyJournalSize'),
      callbackQueueBytes: number('callbackQueueSize'),
    },
    inferSessions: text('inferSessions') !== 'off',
    codeEvaluators: text('codeEvaluators') === 'on',
    logLevel: (text('logLevel') ?? 'info') as Settings['logLevel'],
  };
}

function parseAll(sources: Sources, notes: Notes): Values {
  const values = new Map<SettingName, string | number>();
  for (const row of SETTINGS) {
    const raw = rawValue(row.name, sources.flags, sources.environment);
    const value = (raw === null ? null : parseOne(row, raw, notes)) ?? defaultOf(row);
    if (value !== null) values.set(row.name, value);
  }
  return { text: (name) => (values.has(name) ? String(values.get(name)) : null), number: (name) => Number(values.get(name)) };
}

function parseOne(row: SettingRow, raw: RawValue, notes: Notes): string | number | null {
  const parsed = parseSetting(row, row.name === 'logLevel' ? logLevel(raw.text) : raw.text);
  if ('value' in parsed) return parsed.value;
  notes.error({ path: raw.from }, parsed.fault);
  return null;
}

function defaultOf(row: SettingRow): string | number | null {
  const parsed = row.default === null ? null : parseSetting(row, row.default);
  return parsed !== null && 'value' in parsed ? parsed.value : null;
}

function clickhouse({ text }: Values): Settings['clickhouse'] {
  const url = text('clickhouseUrl');
  if (url === null) return null;
  return { url, user: text('clickhouseUser') ?? 'default', password: text('clickhousePassword') ?? '', database: text('clickhouseDatabase') ?? 'default' };
}

function redis({ text }: Values, notes: Notes): Settings['redis'] {
  const url = text('redisUrl');
  if (url === null) return null;
  // What processes share has its truth in the records, and an embedded PostgreSQL belongs to one process.
  if (text('recordsUrl') === null) notes.error({ path: '--redis-url' }, 'needs --records-url: processes that share limits share their records too');
  if (text('instanceSecret') === null) notes.error({ path: '--redis-url' }, 'needs GENAI_INSTANCE_SECRET, the same in every process (openssl rand -base64 32)');
  return { url, whenAway: text('whenRedisIsAway') as 'alone' | 'refuse' };
}

/** What processes apart share must be where all of them reach it. */
function checkSharedJournal(role: Settings['role'], { text }: Values, notes: Notes): void {
  const path = '--journal s3';
  if (text('journal') !== 's3') {
    if (role === 'worker') notes.error({ path: '--role' }, 'worker stores the events of a journal that machines share: it needs --journal s3');
    return;
  }
  if (role === 'all') notes.error({ path }, 'is for processes apart: start them with --role gateway, observe and worker');
  if (text('blobsUrl') === null) notes.error({ path }, 'needs --blobs-url: the journal lies in that bucket');
  if (text('recordsUrl') === null) notes.error({ path }, 'needs --records-url: the order of the journal stands in the records that all processes share');
  if (role !== 'gateway' && text('clickhouseUrl') === null) notes.error({ path }, 'needs --clickhouse-url: workers store what observe processes read');
  if (text('instanceSecret') === null) notes.error({ path }, 'needs GENAI_INSTANCE_SECRET, the same in every process (openssl rand -base64 32)');
}

function blobs(values: Values): Settings['blobs'] {
  const url = values.text('blobsUrl');
  if (url === null) return null;
  const [bucket = '', ...path] = url.slice('s3://'.length).split('/');
  const prefix = path.filter((part) => part !== '').join('/');
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/`, ...s3(values) };
}

function otlp({ text }: Values, notes: Notes): Settings['otlp'] {
  const endpoint = text('otlpEndpoint');
  const ratio = Number(text('otlpRatio'));
  if (!(ratio >= 0 && ratio <= 1)) notes.error({ path: '--otlp-ratio' }, 'must be a number from 0 to 1');
  return endpoint === null ? null : { endpoint, headers: text('otlpHeaders') ?? '', ratio };
}

/** Mails need a server and a sender; one without the other is a mistake. */
function mail({ text }: Values, notes: Notes): Settings['mail'] {
  const [url, from] = [text('smtpUrl'), text('mailFrom')];
  if ((url === null) !== (from === null)) notes.error({ path: '--mail-from' }, 'belongs to GENAI_SMTP_URL: set both or none');
  return url === null || from === null ? null : { url, from };
}

function s3({ text }: Values): Settings['s3'] {
  const endpoint = text('s3Endpoint');
  return {
    region: text('s3Region'),
    endpoint,
    publicEndpoint: text('s3PublicEndpoint'),
    pathStyle: (text('s3PathStyle') ?? String(endpoint !== null)) === 'true',
  };
}

const MAX_WORKERS = 64;

/** How many processes answer calls on this machine. */
function workers(role: Settings['role'], { text }: Values, notes: Notes): number {
  const asked = text('workers') ?? '1';
  const count = asked.trim().toLowerCase() === 'cores' ? Math.min(availableParallelism(), MAX_WORKERS) : Number(asked);
  const path = '--workers';
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS)) {
    notes.error({ path }, `must be a number from 1 to ${MAX_WORKERS}, or cores`);
    return 1;
  }
  if (count === 1 || role === 'all' || role === 'gateway') return count;
  notes.warning({ path }, `has no effect in role ${role}: start more processes of it`);
  return 1;
}

const SECRET_BYTES = 32;

function instanceSecret(text: string | null, notes: Notes): Buffer | null {
  if (text === null) return null;
  const secret = Buffer.from(text.trim(), 'base64');
  if (secret.length === SECRET_BYTES) return secret;
  notes.error({ path: 'GENAI_INSTANCE_SECRET' }, 'must be 32 random bytes in base64 or base64url (openssl rand -base64 32)');
  return null;
}

function initFile(path: string | null, cwd: string): string | null {
  return path === null ? null : resolve(cwd, path);
}

function init({ text }: Values): Settings['init'] {
  return {
    organizationId: text('initOrgId'),
    organizationName: text('initOrgName'),
    projectId: text('initProjectId'),
    projectName: text('initProjectName'),
    projectPublicKey: text('initProjectPublicKey'),
    projectSecretKey: text('initProjectSecretKey'),
    projectRetention: text('initProjectRetention'),
    userEmail: text('initUserEmail'),
    userName: text('initUserName'),
    userPassword: text('initUserPassword'),
  };
}

function network({ text }: Values, cwd: string, notes: Notes): Settings['network'] {
  const extraCaFile = text('extraCaFile');
  return {
    httpsProxy: text('httpsProxy'),
    httpProxy: text('httpProxy'),
    noProxy: parseList(text('noProxy') ?? ''),
    extraCaFile: extraCaFile === null ? null : readableFile(resolve(cwd, extraCaFile), notes),
  };
}

/** LITELLM_LOG speaks Python's level names. */
function logLevel(text: string): string {
  const level = text.trim().toLowerCase();
  if (level === 'warning') return 'warn';
  return level === 'critical' || level === 'fatal' ? 'error' : level;
}

function chooseMasterKey(fromFile: string | null, fromEnvironment: string | null, notes: Notes): string | null {
  if (fromFile !== null && fromEnvironment !== null && fromFile !== fromEnvironment) {
    notes.warning({ path: 'LITELLM_MASTER_KEY' }, 'differs from general_settings.master_key; the key of the file is in force, as in LiteLLM');
  }
  return fromFile ?? fromEnvironment;
}

function readableFile(path: string, notes: Notes): string | null {
  try {
    readFileSync(path);
    return path;
  } catch (error) {
    notes.error(
      { file: path, path: '' },
      `the file with certificate authorities cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`,
    );
    return null;
  }
}
