// Builds the console when its sources are new: once at the first start, in CI and in the image; later starts find the finished folder.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AppError } from '#lib/errors.ts';

/** How far the build is; the CLI turns it into its progress line. */
export type ConsoleBuildProgress = { step: 'found' } | { step: 'building' } | { step: 'built'; seconds: number };

export interface ConsoleBuildOptions {
  /** Root of the repository: holds `web/` and `package-lock.json`. */
  root: string;
  /** Where finished consoles lie, one folder a hash; by default `<root>/web/dist`. */
  outDir?: string;
  onProgress?: (progress: ConsoleBuildProgress) => void;
  /** Stops the child process. */
  signal?: AbortSignal;
  /** Longest build in milliseconds; default five minutes. */
  timeoutMs?: number;
}

/** Finished consoles that are kept: the current one, and the one before it for pages that are still open. */
const KEPT = 2;
const BUILD_TIMEOUT_MS = 300_000;
/** Older folders of broken-off builds are swept; a younger one may be another process's work. */
const STALE_MS = 3_600_000;
const HASH = /^[0-9a-f]{16}$/;

/**
 * Returns the folder with `index.html` and `assets/` for the present sources and builds it first when their hash is unknown.
 * Two processes may build at once: each writes its own folder, the first rename wins and the other's is dropped.
 * @throws AppError `console_build_failed` with the end of the bundler's output.
 */
export async function ensureConsole(options: ConsoleBuildOptions): Promise<{ dir: string }> {
  const outDir = options.outDir ?? join(options.root, 'web', 'dist');
  const hash = await consoleHash(options.root);
  const dir = join(outDir, hash);
  if (existsSync(join(dir, 'index.html'))) {
    options.onProgress?.({ step: 'found' });
    // The newest two are kept by age, so one that is in use must count as new. A folder on a read-only disk (an image) is fine as it is.
    const now = new Date();
    await utimes(dir, now, now).catch(() => undefined);
    return { dir };
  }
  options.onProgress?.({ step: 'building' });
  const startedAt = performance.now();
  await mkdir(outDir, { recursive: true });
  const draft = join(outDir, `.draft-${hash}-${randomUUID().slice(0, 8)}`);
  try {
    await runBundler(options, draft);
    await writeFile(join(draft, 'built-at'), `${new Date().toISOString()}\n`);
    await putInPlace(draft, dir);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await sweep(outDir, hash);
  options.onProgress?.({ step: 'built', seconds: (performance.now() - startedAt) / 1000 });
  return { dir };
}

/** Sixteen hex digits over the sources of the console and over the exact versions of what it is built from. */
export async function consoleHash(root: string): Promise<string> {
  const web = join(root, 'web');
  const hash = createHash('sha256');
  const files = [...(await filesBelow(join(web, 'src'))), ...['index.html', 'vite.config.ts', 'build.ts', 'package.json'].map((name) => join(web, name))];
  for (const file of files.sort()) {
    if (/\.test\.tsx?$/.test(file)) continue;
    hash.update(`${relative(root, file).split(sep).join('/')}\0`);
    hash.update(await readFile(file));
    hash.update('\0');
  }
  hash.update(JSON.stringify(await lockedVersions(root)));
  return hash.digest('hex').slice(0, 16);
}

interface Lockfile {
  packages?: Record<string, { version?: string; integrity?: string; dependencies?: Record<string, string> }>;
}

/** The lockfile's entries of the console's own dependencies; empty where no lockfile is (a packed image), where the sources alone decide. */
async function lockedVersions(root: string): Promise<[string, string][]> {
  const text = await readFile(join(root, 'package-lock.json'), 'utf8').catch(() => null);
  if (text === null) return [];
  const packages = (JSON.parse(text) as Lockfile).packages ?? {};
  const names = Object.keys(packages.web?.dependencies ?? {}).sort();
  return names.map((name) => {
    const entry = packages[`web/node_modules/${name}`] ?? packages[`node_modules/${name}`];
    return [name, `${entry?.version ?? ''} ${entry?.integrity ?? ''}`];
  });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The bundler takes some 200 MB; in a child process they leave with it and the front stays small. */
function runBundler(options: ConsoleBuildOptions, draft: string): Promise<void> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? BUILD_TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(options.root, 'web', 'build.ts'), draft], { cwd: options.root, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (cause) => reject(buildFailed(timeout.aborted ? 'it took too long' : cause.message, cause)));
    child.on('close', (code) => {
      if (code === 0 && existsSync(join(draft, 'index.html'))) resolve();
      else reject(buildFailed(output.trim() || `the bundler ended with code ${String(code)}`));
    });
  });
}

function buildFailed(reason: string, cause?: unknown): AppError {
  return new AppError(`The console could not be built: ${reason}. Run npm ci and start again; the gateway and the APIs work without it.`, {
    status: 503,
    code: 'console_build_failed',
    retryable: false,
    cause,
  });
}

/** Renaming a folder is atomic: a reader sees the whole console or none. */
async function putInPlace(draft: string, dir: string): Promise<void> {
  try {
    await rename(draft, dir);
  } catch (error) {
    // Another process was first with the same hash, so the same files.
    if (!existsSync(join(dir, 'index.html'))) throw error;
  }
}

/** Leaves the current console and the newest other one; failing to clean is no reason not to start. */
async function sweep(outDir: string, current: string): Promise<void> {
  const found: { path: string; modifiedMs: number; finished: boolean }[] = [];
  for (const name of await readdir(outDir)) {
    const finished = HASH.test(name);
    if (name === current || (!finished && !name.startsWith('.draft-'))) continue;
    const path = join(outDir, name);
    const stats = await stat(path).catch(() => null);
    if (stats?.isDirectory()) found.push({ path, modifiedMs: stats.mtimeMs, finished });
  }
  const old = found
    .filter((one) => one.finished)
    .sort((left, right) => right.modifiedMs - left.modifiedMs)
    .slice(KEPT - 1);
  const broken = found.filter((one) => !one.finished && one.modifiedMs < Date.now() - STALE_MS);
  for (const { path } of [...old, ...broken]) await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
