// LiteLLM's own database schema, from the migrations that its package on PyPI carries: of any version from March 2025 on.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

/** The first schema that its migrations know, that of the seed's 30 tables, and that of litellm 1.104.2. */
export const LITELLM_SCHEMAS = [
  { name: 'of 17 tables (March 2025)', last: '20250326162113_baseline', tables: 17 },
  { name: 'of 30 tables (October 2025)', last: '20251011084309_add_tag_table', tables: 30 },
  { name: 'of litellm 1.104.2', last: null, tables: 82 },
] as const;

/** Where the migrations lie; null when LiteLLM is not installed here (scripts/python-env.sh litellm-image). */
export function litellmMigrations(): string | null {
  const lib = join(import.meta.dirname, '../.cache/python-litellm-image/lib');
  const python = existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith('python')) : undefined;
  const folder = python === undefined ? null : join(lib, python, 'site-packages/litellm_proxy_extras/migrations');
  return folder !== null && existsSync(folder) ? folder : null;
}

/** Makes the schema as far as one migration, or whole. */
export async function migrateLitellm(client: pg.Client, folder: string, last: string | null): Promise<void> {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  for (const name of last === null ? names : names.slice(0, names.indexOf(last) + 1)) {
    // An index that is built beside writers cannot be built in a transaction; here nobody writes.
    const statements = readFileSync(join(folder, name, 'migration.sql'), 'utf8').replaceAll(' CONCURRENTLY', '');
    await client.query(statements).catch((error: Error) => {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    });
  }
}
