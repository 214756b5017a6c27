// The console is built once a source state, in one piece, and stays within its first-load budget.
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleBuildProgress, consoleHash, ensureConsole } from './console-build.ts';

const repository = join(import.meta.dirname, '../../..');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-build-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A root with the smallest `web/` whose build.ts does what `body` says. */
async function smallRoot(name: string, body: string): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, 'web/src'), { recursive: true });
  await writeFile(join(root, 'web/src/main.tsx'), 'export {};\n');
  for (const file of ['index.html', 'vite.config.ts', 'package.json']) await writeFile(join(root, 'web', file), '{}');
  await writeFile(join(root, 'web/build.ts'), body);
  await writeFile(
    join(root, 'package-lock.json'),
    JSON.stringify({ packages: { web: { dependencies: { react: '1' } }, 'node_modules/react': { version: '1.0.0' } } }),
  );
  return root;
}

const WRITES_A_PAGE = `import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync(process.argv[2], { recursive: true });
writeFileSync(process.argv[2] + '/index.html', 'page');
`;

describe('ensureConsole', () => {
  it('builds the real console in a child process and finds it the next time', async () => {
    const steps: ConsoleBuildProgress[] = [];
    const options = { root: repository, outDir: join(folder, 'real'), onProgress: (progress: ConsoleBuildProgress) => void steps.push(progress) };
    const first = await ensureConsole(options);
    const second = await ensureConsole(options);
    expect(second).toEqual(first);
    expect(steps.map((progress) => progress.step)).toEqual(['building', 'built', 'found']);
    const page = await readFile(join(first.dir, 'index.html'), 'utf8');
    // What the policy forbids may not be in the page: inline scripts, handlers, anything from elsewhere.
    expect(page).not.toMatch(/<script(?![^>]*\bsrc="\/ui\/assets\/)/);
    expect(page).not.toMatch(/\son\w+=|https?:\/\//);
    expect(await firstLoadBytes(first.dir, page)).toBeLessThanOrEqual(250_000);
  }, 120_000);

  it('builds once when two start together', async () => {
    const root = await smallRoot('twice', WRITES_A_PAGE);
    const outDir = join(root, 'web/dist');
    const dirs = await Promise.all([ensureConsole({ root }), ensureConsole({ root })]);
    expect(new Set(dirs.map(({ dir }) => dir)).size).toBe(1);
    expect(await readdir(outDir)).toHaveLength(1);
  });

  it('keeps the newest two and leaves what it does not know', async () => {
    const root = await smallRoot('sweep', WRITES_A_PAGE);
    const outDir = join(root, 'web/dist');
    for (const [index, name] of ['a'.repeat(16), 'b'.repeat(16), 'c'.repeat(16), 'notes'].entries()) {
      await mkdir(join(outDir, name), { recursive: true });
      await utimes(join(outDir, name), new Date(), new Date(Date.now() - (10 - index) * 60_000));
    }
    const { dir } = await ensureConsole({ root });
    expect((await readdir(outDir)).sort()).toEqual([...['c'.repeat(16), 'notes'], dir.slice(outDir.length + 1)].sort());
  });

  it('says why a build failed and leaves nothing half made', async () => {
    const root = await smallRoot('broken', "process.stderr.write('no such module: react'); process.exit(1);");
    await expect(ensureConsole({ root })).rejects.toMatchObject({ code: 'console_build_failed', message: expect.stringContaining('no such module: react') });
    expect(await readdir(join(root, 'web/dist'))).toEqual([]);
  });
});

describe('consoleHash', () => {
  it('changes with a source or a locked version and not with a test', async () => {
    const root = await smallRoot('hash', WRITES_A_PAGE);
    const before = await consoleHash(root);
    await writeFile(join(root, 'web/src/main.test.ts'), 'test');
    expect(await consoleHash(root)).toBe(before);
    await writeFile(
      join(root, 'package-lock.json'),
      JSON.stringify({ packages: { web: { dependencies: { react: '1' } }, 'node_modules/react': { version: '1.0.1' } } }),
    );
    const locked = await consoleHash(root);
    expect(locked).not.toBe(before);
    await writeFile(join(root, 'web/src/other.ts'), 'export {};');
    expect(await consoleHash(root)).not.toBe(locked);
  });
});

/** Gzipped bytes of index.html's scripts and styles and of the overview page with everything it imports; charts come later. */
async function firstLoadBytes(dir: string, page: string): Promise<number> {
  const files = new Set([...page.matchAll(/(?:src|href)="\/ui\/(assets\/[^"]+)"/g)].map((match) => match[1] as string));
  const queue = (await readdir(join(dir, 'assets'))).filter((name) => /^(?:overview-page|texts-ja)-.*\.(js|css)$/.test(name)).map((name) => `assets/${name}`);
  for (let name = queue.pop(); name; name = queue.pop()) {
    if (files.has(name)) continue;
    files.add(name);
    if (name.endsWith('.js')) for (const match of (await readFile(join(dir, name), 'utf8')).matchAll(/from\s?"\.\/([^"]+)"/g)) queue.push(`assets/${match[1]}`);
  }
  let bytes = 0;
  for (const name of files) bytes += gzipSync(await readFile(join(dir, name))).length;
  return bytes;
}
