// Every setting of the process, once: its name, flag, variables, default and meaning. flags.ts, load.ts and docs/settings.md are made from it.

type SettingKind =
  | 'text'
  | 'path'
  | 'port'
  | 'bytes'
  | 'zone'
  | 'seconds'
  | 'postgres-url'
  | 'http-url'
  | 'redis-url'
  | 's3-url'
  | 'smtp-url'
  | 'choice'
  | 'list';

export interface SettingRow {
  readonly name: string;
  /** Without the leading dashes; null = only by variable (secrets never stand on a command line, where every user of the machine reads them). */
  readonly flag: string | null;
  /** Tried in this order; GENAI_* first, then the names that existing deployments set. */
  readonly variables: readonly string[];
  readonly kind: SettingKind;
  readonly choices?: readonly string[];
  /** Text as a user would write it; null = not set. */
  readonly default: string | null;
  readonly secret: boolean;
  /** What it does, in one sentence. */
  readonly summary: string;
}

interface RowOptions {
  flag?: string | null;
  also?: readonly string[];
  kind?: SettingKind;
  choices?: readonly string[];
  default?: string;
  secret?: boolean;
}

function row<Name extends string>(name: Name, summary: string, options: RowOptions = {}): SettingRow & { readonly name: Name } {
  const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const flag = options.flag === undefined ? (options.secret ? null : kebab) : options.flag;
  return {
    name,
    flag,
    variables: [`GENAI_${kebab.replaceAll('-', '_').toUpperCase()}`, ...(options.also ?? [])],
    kind: options.kind ?? 'text',
    ...(options.choices === undefined ? {} : { choices: options.choices }),
    default: options.default ?? null,
    secret: options.secret ?? false,
    summary,
  };
}

const only = { flag: null };

export const SETTINGS = [
  row('config', "LiteLLM's config.yaml; without it <data-dir>/config.yaml is used and written on the first start.", {
    kind: 'path',
    also: ['CONFIG_FILE_PATH'],
  }),
  row('host', 'Address that both doors listen on; anything wider than 127.0.0.1 is announced, because there is no TLS.', { default: '127.0.0.1' }),
  row('port', "Port of the gateway's door (LiteLLM's).", { kind: 'port', default: '4000' }),
  row('observePort', "Port of the observability door (Langfuse's); when it is taken the start goes on without it.", { kind: 'port', default: '3000' }),
  row('otlpGrpcPort', 'Port of OTLP over gRPC; when it is taken the start goes on without it.', { kind: 'port', default: '4317' }),
  row('dataDir', 'Folder of everything that is kept: database, journal, blobs, keys.', { kind: 'path', default: '.data' }),
  row('role', 'Which part this process runs; "all" is the whole platform.', {
    kind: 'choice',
    choices: ['all', 'gateway', 'observe', 'worker'],
    default: 'all',
  }),
  row('timezone', "IANA zone that decides days, budgets and statements; default: the machine's.", { kind: 'zone' }),
  row('recordsUrl', 'postgres:// address of an external PostgreSQL; without it an embedded one is started.', {
    kind: 'postgres-url',
    flag: 'records-url',
    secret: true,
  }),
  row(
    'recordsListenUrl',
    'Address that reaches PostgreSQL itself when --records-url leads to a pooler of transactions (PgBouncer): one connection a process listens there for changed keys and models.',
    { kind: 'postgres-url', flag: 'records-listen-url', secret: true },
  ),
  row(
    'recordsIam',
    'Whether PostgreSQL is signed in to with AWS IAM tokens instead of a password (RDS, Aurora): by the credential chain of AWS, in the region of --s3-region.',
    {
      kind: 'choice',
      choices: ['true', 'false'],
      default: 'false',
    },
  ),
  row(
    'redisUrl',
    'redis:// (rediss://, redis-cluster://, redis-sentinel://) address of a Redis or Valkey that several processes share for limits, budgets and news of changed keys; needs --records-url.',
    {
      kind: 'redis-url',
      flag: 'redis-url',
      secret: true,
    },
  ),
  row(
    'whenRedisIsAway',
    'What happens to calls with a limit or a budget while Redis does not answer: each process admits its share alone, or they are refused with 503.',
    {
      kind: 'choice',
      choices: ['alone', 'refuse'],
      default: 'alone',
    },
  ),
  row(
    'whenRecordsAreAway',
    'What happens to new calls of a gateway with --journal s3 while PostgreSQL does not answer: their money waits on this machine (within --money-journal-size), or they are refused with 503.',
    {
      kind: 'choice',
      choices: ['local', 'refuse'],
      default: 'local',
    },
  ),
  row(
    'instanceSecret',
    'Secret that signs sessions, 32 random bytes in base64url, the same for every process of one platform; without it <data-dir>/secret.key is made.',
    {
      secret: true,
    },
  ),
  row(
    'blobsUrl',
    's3://bucket/prefix for archived segments and other objects, on AWS or any S3-compatible store; without it they are files of the data folder. Credentials come from the chain of AWS.',
    {
      kind: 's3-url',
    },
  ),
  row(
    'journal',
    'Where accepted events are committed: files of the data folder, or objects of --blobs-url that machines share (roles gateway, observe and worker).',
    {
      kind: 'choice',
      choices: ['files', 's3'],
      default: 'files',
    },
  ),
  row('s3Endpoint', 'Address of an S3-compatible store other than AWS.', { kind: 'http-url' }),
  row('s3PublicEndpoint', 'Address of the same store in links that browsers follow, when it differs.', { kind: 'http-url' }),
  row('s3Region', 'Region of the bucket; default: what the chain of AWS says.', { also: ['AWS_REGION', 'AWS_DEFAULT_REGION'] }),
  row('s3PathStyle', 'Whether the bucket stands in the path (true) or in the host name (false); default: true with --s3-endpoint.', {
    kind: 'choice',
    choices: ['true', 'false'],
  }),
  row(
    'workers',
    'Processes that answer calls on the one port of this machine (roles all and gateway), from 1 to 64, or "cores"; limits and budgets stay exact. A half of the cores is a good start for role all.',
    { default: '1', also: ['NUM_WORKERS'] },
  ),
  row('drainDelay', 'Seconds in which an ending process says that it is not ready and serves on, so that a load balancer notices before its connections end.', {
    kind: 'seconds',
    default: '0',
  }),
  row('rootPath', 'Path below which a proxy publishes the doors, for example /llm: it is taken off; requests without it are served as well.', {
    also: ['SERVER_ROOT_PATH'],
  }),
  row('trustedProxies', 'Addresses and networks (CIDR) of the proxies whose X-Forwarded-For is believed, separated by commas; without it nobody’s is.', {
    kind: 'list',
  }),
  row('expose', 'Cuts the listeners down to one surface.', { kind: 'choice', choices: ['llm'] }),
  row('logLevel', 'How much the log says.', { kind: 'choice', choices: ['debug', 'info', 'warn', 'error'], default: 'info', also: ['LITELLM_LOG'] }),
  row(
    'otlpEndpoint',
    "Where traces of the platform itself go by OTLP/HTTP, for example http://collector:4318, or this platform's own http://127.0.0.1:3000/api/public/otel; without it none are made.",
    { kind: 'http-url', also: ['OTEL_EXPORTER_OTLP_ENDPOINT'] },
  ),
  row('otlpHeaders', 'Headers of these exports as name=value,name=value (percent-encoded), for example Authorization=Basic%20....', {
    secret: true,
    also: ['OTEL_EXPORTER_OTLP_HEADERS'],
  }),
  row('otlpRatio', 'Part of the traces that is kept, 0 to 1.', { default: '1', also: ['OTEL_TRACES_SAMPLER_ARG'] }),
  row('inferSessions', 'Whether chats whose client names no session are joined into one by what was said before.', {
    kind: 'choice',
    choices: ['on', 'off'],
    default: 'on',
  }),
  row('codeEvaluators', 'Whether evaluators may be written in code; it runs in a sandbox without network, files, environment and clock.', {
    kind: 'choice',
    choices: ['on', 'off'],
    default: 'off',
  }),
  row('clickhouseUrl', 'http(s):// address of an external ClickHouse; without it the embedded engine is used.', { kind: 'http-url', also: ['CLICKHOUSE_URL'] }),
  row('clickhouseUser', 'User of the external ClickHouse.', { default: 'default', also: ['CLICKHOUSE_USER'] }),
  row('clickhousePassword', 'Password of the external ClickHouse.', { secret: true, also: ['CLICKHOUSE_PASSWORD'] }),
  row('clickhouseDatabase', 'Database of the external ClickHouse.', { default: 'default', also: ['CLICKHOUSE_DB'] }),
  row('masterKey', 'The key that may do everything; general_settings.master_key of the config wins; generated on the first start when neither is set.', {
    secret: true,
    also: ['LITELLM_MASTER_KEY'],
  }),
  row('initFile', 'YAML file with organisations, projects, keys, prompts, models and score configs that have to be there at every start.', { kind: 'path' }),
  row('initOrgId', 'Id of the first organisation.', { ...only, also: ['LANGFUSE_INIT_ORG_ID'] }),
  row('initOrgName', 'Name of the first organisation.', { ...only, also: ['LANGFUSE_INIT_ORG_NAME'] }),
  row('initProjectId', 'Id of the first project.', { ...only, also: ['LANGFUSE_INIT_PROJECT_ID'] }),
  row('initProjectName', 'Name of the first project.', { ...only, also: ['LANGFUSE_INIT_PROJECT_NAME'] }),
  row('initProjectPublicKey', 'Public key of the first project (pk-lf-...).', { ...only, also: ['LANGFUSE_INIT_PROJECT_PUBLIC_KEY'] }),
  row('initProjectSecretKey', 'Secret key of the first project (sk-lf-...).', { secret: true, also: ['LANGFUSE_INIT_PROJECT_SECRET_KEY'] }),
  row('initProjectRetention', 'Days that the first project keeps traces; 0 = for ever.', { ...only, also: ['LANGFUSE_INIT_PROJECT_RETENTION'] }),
  row('initUserEmail', 'E-mail address of the first administrator.', { ...only, also: ['LANGFUSE_INIT_USER_EMAIL'] }),
  row('initUserName', 'Name of the first administrator.', { ...only, also: ['LANGFUSE_INIT_USER_NAME'] }),
  row('initUserPassword', 'Password of the first administrator.', { secret: true, also: ['LANGFUSE_INIT_USER_PASSWORD'] }),
  row('httpsProxy', 'Proxy for https:// upstreams.', { ...only, secret: true, kind: 'http-url', also: ['HTTPS_PROXY', 'https_proxy'] }),
  row('httpProxy', 'Proxy for http:// upstreams.', { ...only, secret: true, kind: 'http-url', also: ['HTTP_PROXY', 'http_proxy'] }),
  row('noProxy', 'Hosts reached without the proxy, separated by commas.', { ...only, kind: 'list', also: ['NO_PROXY', 'no_proxy'] }),
  row(
    'egressAllow',
    'Hosts, addresses and networks (CIDR) that webhooks, LLM connections and scheduled exports may reach although they are not public, separated by commas.',
    {
      kind: 'list',
    },
  ),
  row('smtpUrl', 'smtp:// or smtps:// address of the mail server for alerts, with its name and password.', { kind: 'smtp-url', secret: true }),
  row('mailFrom', 'Sender of alerts by mail: an address, or Name <address>.'),
  row('consoleUrl', 'Address at which people open the console: links in alerts lead there.', { kind: 'http-url', also: ['NEXTAUTH_URL'] }),
  row('gatewayUrl', 'Address of the gateway for evaluators, where this process has no gateway of its own (role worker).', { kind: 'http-url' }),
  row('extraCaFile', 'PEM file with certificate authorities that are trusted in addition.', {
    ...only,
    kind: 'path',
    also: ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  }),
  row('maxRequestSize', 'Largest request body; 413 beyond.', { kind: 'bytes', default: '32MiB' }),
  row('inFlightSize', 'Bodies held in memory at once by all calls together; 429 beyond.', { kind: 'bytes', default: '256MiB' }),
  row('payloadJournalSize', 'Space of the journal for content not yet stored; ingestion answers 503 beyond.', { kind: 'bytes', default: '2GiB' }),
  row('moneyJournalSize', 'Space of the journal reserved for what calls cost.', { kind: 'bytes', default: '256MiB' }),
  row('callbackQueueSize', 'Space for finished calls whose receiver (callbacks) is away; the newest are dropped and counted beyond.', {
    kind: 'bytes',
    default: '1GiB',
  }),
] as const;

export type SettingName = (typeof SETTINGS)[number]['name'];
