// The front process from first to last: settings -> data folder -> stores -> identity -> engine -> house -> doors -> ready; and back in reverse on stop.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureConsole } from '#http/console-build.ts';
import { type Bootstrapped, bootstrap, sealKeys } from '#identity/bootstrap.ts';
import { keysFile } from '#identity/secret-files.ts';
import { AppError } from '#lib/errors.ts';
import { createPositions } from '#observe/store/positions.ts';
import { hasFaults, type LoadedSettings, loadSettings, reloadGatewayConfig, STARTER_CONFIG } from '#settings/public.ts';
import type { Settings } from '#settings/settings.ts';
import { openDataFolder } from '#stores/data-folder.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { createLog, type Log } from '#telemetry/log.ts';
import { openAdminSocket } from './admin-socket.ts';
import { applyInitFile } from './apply-init-file.ts';
import { createBackupService } from './backup-service.ts';
import { type CallShipper, startCallShipper } from './call-shipper.ts';
import { type CallWorkers, createCallWorkers, hasCallWorkers } from './call-workers.ts';
import { watchConfig } from './config-watch.ts';
import { type Doors, openDoors } from './doors.ts';
import { type EngineLink, startEngineLink } from './engine-link.ts';
import { buildHouse, type House } from './house.ts';
import { readInitFile } from './init-file.ts';
import { type Janitor, startJanitor } from './journal-janitor.ts';
import type { ReadConfig } from './live-settings.ts';
import { tellsCalls } from './open-callbacks.ts';
import { consumedByAll, openStores, type Stores } from './open-stores.ts';
import { type FirstRun, type PlatformUrls, type RunningPlatform, type StartInput, StartRefused } from './platform.ts';
import { platformStatus } from './platform-status.ts';
import { rollForDeletions } from './roll-for-deletions.ts';
import { trimHeapOnce } from './trim-heap.ts';
import { VERSION } from './version.ts';

/** Streams of an hour exist; an orchestrator's own limit usually comes first. */
const DRAIN_GRACE_MS = 600_000;
/** After a fault nobody caught, answers in flight get this long: long enough for most, short enough for a process whose state may be wrong. */
const FAULT_GRACE_MS = 20_000;
/** How long an ending gateway tries to hand over its last calls. */
const SHIP_GRACE_MS = 20_000;
const ARCHIVE_LIMIT_BYTES = 4 * 1024 ** 3;

/** What the running process needs to end in order: the newest is closed first. */
type Closers = (() => Promise<unknown>)[];

/** A platform, and what another process of ours may ask of it. */
export interface RunningProcess extends RunningPlatform {
  /** Prometheus text. */
  metrics(): Promise<string>;
}

/** Where a process stands beside others that it belongs to. */
export interface Place {
  /** Its settings, from those that were given to all. */
  adjust: (settings: Settings) => Settings;
  /** In the log. */
  name: string;
}

const ALONE: Place = { adjust: (settings) => settings, name: 'front' };

/** Starts the platform of this role. See platform.ts for the contract. @throws StartRefused when it cannot be. */
export async function startPlatform(input: StartInput): Promise<RunningPlatform> {
  return await startProcess(input, ALONE);
}

/** The same, for a process of several. @throws as `startPlatform`. */
export async function startProcess(input: StartInput, place: Place): Promise<RunningProcess> {
  const startedAt = performance.now();
  const read = loadSettings({ argv: input.argv, env: input.env, cwd: input.cwd });
  const loaded = { ...read, settings: place.adjust(read.settings) };
  if (hasFaults(loaded.notes)) throw new StartRefused('the settings have faults', loaded.notes);
  for (const note of loaded.notes) input.notify({ kind: 'note', note });
  const closers: Closers = [];
  try {
    return await start(input, loaded, { closers, startedAt, name: place.name });
  } catch (error) {
    for (const close of closers.reverse()) await close().catch(() => undefined);
    throw refusalOf(error, loaded.settings);
  }
}

async function start(input: StartInput, loaded: LoadedSettings, run: { closers: Closers; startedAt: number; name: string }): Promise<RunningProcess> {
  const { settings } = loaded;
  const { closers } = run;
  const dataFolder = await openDataFolder(settings.dataDir);
  closers.push(() => dataFolder.close());
  const log = createLog({ level: logLevelOf(settings, input) }).with({ process: run.name });
  const configWritten = writeStarterConfig(loaded);
  const console = buildConsole(settings, input, log);
  const stores = await openStores(settings, log, (text) => input.notify({ kind: 'progress', step: 'records', text }));
  closers.push(() => stores.close());
  const urls = urlsOf(settings);
  const identity = await identityOf({ settings, stores, urls, environment: input.env, log });
  const engine = await openEngine({ settings, stores, environment: input.env, log });
  if (engine !== null) closers.push(() => engine.stop());
  const workers = createCallWorkers(settings);
  const house = await openHouse(input, loaded, {
    ...{ stores, identity, engine, log, doors: { gateway: urls.gateway ?? '', observe: urls.observe ?? '' } },
    ...(hasCallWorkers(settings) ? { callWorkers: workers } : {}),
  });
  closers.push(() => house.close());
  const shipper = openShipper(settings, stores, log, closers);
  const consumed = () => consumedByAll(stores.records, consumersOf(settings, stores));
  const backup = createBackupService({ settings, stores, engine, instanceSecret: identity.instanceSecret, consumed, version: VERSION });
  const janitor = janitorOf(settings, stores, log, async () => (backup.holdsJournal() ? null : await consumed()));
  closers.push(() => janitor.close(), await rollForDeletions(stores.records, janitor, log));
  const doors = await openDoors({
    settings,
    house,
    consoleFolder: () => console.folder(),
    log,
    ...saysTakenPorts(settings, urls, input),
  });
  // When the start fails after this; an orderly end stops them first.
  closers.push(() => workers.stop());
  await workers.start({ stores, instanceSecret: identity.instanceSecret, argv: input.argv, cwd: input.cwd, log });
  const startedAt = new Date(performance.timeOrigin + run.startedAt);
  const admin = await openAdminSocket(settings.dataDir, {
    status: () => platformStatus({ settings, stores, engine, coordination: house.coordination(), urls, startedAt }),
    sealKeys: () => sealKeys(stores.records, settings.dataDir),
    rollJournal: () => janitor.roll(),
    ...{ blobs: stores.blobs, takeover: house.takeover, backup, prices: house.priceRoutes },
  });
  closers.push(() => admin.close());
  const stopWatching = watchConfig({
    configPath: settings.configPath ?? '',
    files: [...loaded.configFiles, join(dirname(settings.configPath ?? ''), '.env')],
    env: input.env,
    cwd: input.cwd,
    stored: () => house.storedSettings(),
    readAtMs: configWritten ? Date.now() : performance.timeOrigin + run.startedAt,
    swap: (config) => house.swapConfig(config),
    log,
  });
  // A first start waits for the console; a later one has it at once.
  await console.built;
  if (engine !== null) await engine.ready();
  input.notify({ kind: 'ready', elapsedMs: performance.now() - run.startedAt });
  const stopTrimming = trimHeapOnce(() => house.gateway.state().callsInFlight > 0);
  closers.push(async () => [stopWatching(), stopTrimming()]);
  return {
    urls,
    listensWide: !isLoopback(settings.host),
    firstRun: identity.firstStart || configWritten ? firstRunOf(loaded, identity, configWritten) : null,
    metrics: () => house.metricsText(),
    ...endings({ drainDelayMs: settings.drainDelayMs, house, doors, stores, shipper, workers, closers }, log),
  };
}

function janitorOf(settings: Settings, stores: Stores, log: Log, consumedSequence: () => Promise<bigint | null>): Janitor {
  return startJanitor({
    journal: stores.journal,
    blobs: stores.blobs,
    consumedSequence,
    // What a call worker hands over is archived by its front.
    archives: settings.front?.journal == null,
    archivePrefix: stores.archivePrefix,
    archiveLimitBytes: ARCHIVE_LIMIT_BYTES,
    log,
  });
}

interface Running {
  drainDelayMs: number;
  house: House;
  doors: Doors;
  stores: Stores;
  shipper: CallShipper | null;
  workers: CallWorkers;
  closers: Closers;
}

/** The two ways in which a running platform ends. */
function endings(running: Running, log: Log): Pick<RunningPlatform, 'stop' | 'fail'> {
  return {
    stop: () => stop(running, DRAIN_GRACE_MS),
    fail(error) {
      log.error('something threw where nobody caught it: this process drains and ends', { error });
      return stop({ ...running, drainDelayMs: 0 }, FAULT_GRACE_MS).finally(() => log.flush());
    },
  };
}

type HouseParts = Pick<Parameters<typeof buildHouse>[0], 'stores' | 'identity' | 'engine' | 'log' | 'doors' | 'callWorkers'>;

function openHouse({ env, cwd }: StartInput, { settings, gatewayConfig }: LoadedSettings, parts: HouseParts): Promise<House> {
  const readConfig: ReadConfig = (stored) => reloadGatewayConfig(settings.configPath ?? '', { env, cwd, stored });
  return buildHouse({ settings, gatewayConfig, readConfig, version: VERSION, ...parts });
}

/** A door that is taken by another process is said, and the start goes on without it. */
function saysTakenPorts(settings: Settings, urls: PlatformUrls, input: StartInput) {
  return {
    onObservePortTaken(port: number): void {
      urls.observe = null;
      input.notify({ kind: 'warning', text: `port ${port} is taken: the observe paths answer on port ${settings.port} (--observe-port chooses another)` });
    },
    onGrpcPortTaken(port: number): void {
      input.notify({ kind: 'warning', text: `port ${port} is taken: OTLP is taken over HTTP only (--otlp-grpc-port chooses another)` });
    },
  };
}

/** Who may come in: what settings say, then what the start file says. */
async function identityOf(start: {
  settings: Settings;
  stores: Stores;
  urls: ReturnType<typeof urlsOf>;
  environment: StartInput['env'];
  log: Log;
}): Promise<Bootstrapped> {
  const { settings, stores, log } = start;
  const identity = await bootstrap({ records: stores.records, settings, urls: definedUrls(start.urls) });
  if (settings.initFile !== null) {
    const changes = await applyInitFile(stores.records, readInitFile(settings.initFile, start.environment));
    log.info('the start file is applied', { file: settings.initFile, changes });
  }
  return identity;
}

/** Drain: probes say no, answers in flight finish, money and events become durable, then the stores close. */
async function stop(running: Running, graceMs: number): Promise<void> {
  running.house.beginDrain();
  // Probes say no; whoever still sends is served until the load balancer has heard of it.
  if (running.drainDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, running.drainDelayMs));
  // What they still pass on is answered here.
  await running.workers.stop();
  await Promise.all([running.doors.drain(graceMs), running.house.gateway.drain()]);
  await running.stores.journal.flush();
  // A pod's disk may go with it: what this process alone holds leaves first, when the shared journal takes it.
  await running.shipper?.reached(running.stores.journal.state().lastSequence, SHIP_GRACE_MS);
  for (const close of running.closers.reverse()) await close();
}

function writeStarterConfig({ starterConfigPath }: LoadedSettings): boolean {
  if (starterConfigPath === null) return false;
  mkdirSync(dirname(starterConfigPath), { recursive: true, mode: 0o700 });
  writeFileSync(starterConfigPath, STARTER_CONFIG, { flag: 'wx', mode: 0o600 });
  return true;
}

function buildConsole(settings: Settings, input: StartInput, log: Log): { folder(): string | null; built: Promise<void> } {
  let folder: string | null = null;
  if (settings.expose === 'llm' || settings.role === 'worker' || settings.front !== undefined) return { folder: () => null, built: Promise.resolve() };
  const built = ensureConsole({
    root: repositoryFolder(),
    onProgress: (progress) => {
      if (progress.step === 'building') input.notify({ kind: 'progress', step: 'console', text: 'building the console (once) ...' });
      if (progress.step === 'built')
        input.notify({ kind: 'progress', step: 'console', percent: 100, text: `console built in ${progress.seconds.toFixed(1)} s` });
    },
  }).then(
    (result) => {
      folder = result.dir;
    },
    (error: unknown) => {
      // Calls and traces do not wait for a page.
      log.error('the console could not be built', { error });
      input.notify({ kind: 'warning', text: `the console could not be built: ${(error as Error).message}` });
    },
  );
  return { folder: () => folder, built };
}

interface EngineParts {
  settings: Settings;
  stores: Stores;
  environment: StartInput['env'];
  log: Log;
}

const INHERITED = ['PATH', 'HOME', 'TZ', 'LANG', 'LC_ALL', 'TMPDIR', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'NODE_NO_WARNINGS'];

async function openEngine({ settings, stores, environment, log }: EngineParts): Promise<EngineLink | null> {
  if (settings.role === 'gateway') return null;
  const inherited = [
    ...INHERITED,
    ...(settings.blobs === null && settings.recordsIam !== true ? [] : Object.keys(environment).filter((name) => name.startsWith('AWS_'))),
  ];
  const engine = await startEngineLink({
    settings,
    extra: { records: stores.recordsAddress, consumer: stores.consumers.analytics },
    environment: Object.fromEntries(inherited.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]))),
    log: (level, message, fields) => log[level](message, fields),
  });
  stores.journal.onDurable((sequence) => engine.wake(sequence));
  return engine;
}

/** Who must have read a segment of this process's own journal before it leaves. */
function consumersOf(settings: Settings, { consumers }: Stores): string[] {
  const { role, journal } = settings;
  // Apart, a gateway's calls are read by its shipper; the other roles have nothing but the ledger's own there.
  const hasReader = shipsCalls(settings) || (journal === 'files' && role !== 'gateway');
  const names = hasReader ? [consumers.ledger, consumers.analytics] : [consumers.ledger];
  return tellsCalls(settings) ? [...names, consumers.callbacks] : names;
}

/** Whether its calls are stored by somebody else. */
function shipsCalls({ journal, role, front }: Settings): boolean {
  return front?.journal != null || (journal === 's3' && role === 'gateway');
}

function openShipper(settings: Settings, stores: Stores, log: Log, closers: Closers): CallShipper | null {
  if (!shipsCalls(settings)) return null;
  const reader = openJournalReader(join(settings.dataDir, 'journal'));
  const shipper = startCallShipper({ reader, shared: stores.events, positions: createPositions(stores.records, stores.consumers.analytics), log });
  stores.journal.onDurable(() => shipper.wake());
  closers.push(() => shipper.close());
  return shipper;
}

function urlsOf(settings: Settings): PlatformUrls {
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const gateway = settings.role === 'observe' ? null : `http://${host}:${settings.port}`;
  const observe = settings.role === 'gateway' || settings.role === 'worker' ? null : `http://${host}:${settings.observePort}`;
  return { gateway, observe, console: settings.expose === 'llm' || settings.role === 'worker' ? null : `${gateway ?? observe}/ui/` };
}

function definedUrls(urls: PlatformUrls): Record<string, string> {
  return Object.fromEntries(Object.entries(urls).filter((entry): entry is [string, string] => entry[1] !== null));
}

function firstRunOf(loaded: LoadedSettings, identity: Awaited<ReturnType<typeof bootstrap>>, configWritten: boolean): FirstRun {
  return {
    keys: identity.credentials,
    keysPath: identity.keysFileWritten ? keysFile(loaded.settings.dataDir) : null,
    configPath: loaded.settings.configPath ?? '',
    configWritten,
  };
}

/** A terminal shows what a person must know; every request is for a file or a collector, or for whoever asks by --log-level. */
function logLevelOf(settings: Settings, { argv, env }: StartInput): Settings['logLevel'] {
  const asked = argv.some((flag) => flag.startsWith('--log-level')) || Boolean(env.GENAI_LOG_LEVEL ?? env.LITELLM_LOG);
  return process.stderr.isTTY && !asked ? 'warn' : settings.logLevel;
}

/** Where package.json, web/ and cli/ lie. */
function repositoryFolder(): string {
  return join(import.meta.dirname, '..', '..');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** What an operator can mend is a refusal with one line; anything else keeps its stack. */
function refusalOf(error: unknown, settings: Settings): unknown {
  if (error instanceof AppError) return new StartRefused(error.message);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return new StartRefused(`port ${port ?? settings.port} is taken by another process: stop it, or choose another with --port`);
  if (code === 'EACCES' && port !== undefined) return new StartRefused(`port ${port} may not be opened by this user: choose one above 1023 with --port`);
  return error;
}
