// `version`: the one version number of all parts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '#command.ts';

/** Version of the repository, from the command line's own package.json (all workspaces carry the same). */
export function platformVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}

export const version: Command = async ({ io }) => {
  const number = platformVersion();
  io.result({ version: number, node: process.version }, `${number} (Node ${process.version})`);
  return 0;
};
