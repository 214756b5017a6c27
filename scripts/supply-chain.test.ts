// Row 9 of the security table: what is installed is what was looked at.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  /** Part of another package, under its hash. */
  inBundle?: boolean;
}

describe('packages', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
  const foreign = Object.entries(packages).filter(([path, { link, inBundle }]) => path.includes('node_modules/') && link !== true && inBundle !== true);

  // npm forgets the hashes of other platforms' packages when it rewrites the file beside an installation: `npm view <name>@<version> dist.integrity` has them.
  // The engine's libraries for other platforms are not in every mirror: their hashes come when the file is next written where they are.
  const UNHASHED = ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu'].map((platform) => `node_modules/@chdb/lib-${platform}`);
  it('are locked by a hash, each of them', () => {
    expect(foreign.length).toBeGreaterThan(100);
    const unhashed = foreign.filter(([, { integrity }]) => !/^sha(?:512|1)-/.test(integrity ?? '')).map(([path]) => path);
    expect(unhashed.filter((path) => !UNHASHED.includes(path))).toEqual([]);
    // npm's own registry or none named: never a git address or somebody's server.
    expect(foreign.filter(([, { resolved }]) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')).map(([path]) => path)).toEqual(
      [],
    );
  });

  it('run nothing when they are installed, and are named by exact versions', () => {
    expect(read('.npmrc')).toContain('ignore-scripts=true');
    for (const folder of ['.', 'server', 'web', 'cli', 'infra']) {
      const manifest = JSON.parse(read(join(folder, 'package.json'))) as Record<string, Record<string, string> | undefined>;
      const named = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
      expect(
        named.filter(([, version]) => !/^(?:\d+\.\d+\.\d+[\w.-]*|\*|npm:.*@\d+\.\d+\.\d+.*|workspace:.*|file:.*)$/.test(version)),
        folder,
      ).toEqual([]);
    }
  });

  it('hold an undici without its known holes (CVE-2026-1528: 7.24.0 and later)', () => {
    const [major = 0, minor = 0] = (packages['node_modules/undici']?.version ?? '').split('.').map(Number);
    expect(major > 7 || (major === 7 && minor >= 24)).toBe(true);
  });
});
