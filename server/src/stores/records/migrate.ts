// Brings the schema `genai` up to this release: numbered files, forward only, one process at a time; no other schema is touched.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '#lib/errors.ts';
import { SCHEMA } from './connection.ts';
import type { Records, RecordsSession } from './port.ts';
import { migrationScript, sql } from './sql.ts';

/** Any fixed number: the advisory lock that migrations of this product take ("genai" in ASCII). */
const LOCK = 0x67656e6169;

export interface Migration {
  /** 1, 2, 3 … without gaps. */
  number: number;
  /** File name without its ending, for example 0001_foundation. */
  name: string;
  text: string;
  /** SHA-256 of the text in hex. */
  checksum: string;
}

/**
 * Applies what is missing, each file in the transaction that notes it down. Returns the names applied now.
 * @throws AppError when the database is newer than this release, or a file that was applied has been changed since.
 */
export async function migrateRecords(records: Pick<Records, 'transaction'>, migrations: readonly Migration[] = ownMigrations()): Promise<string[]> {
  return await records.transaction(async (session) => {
    await session.query(sql`SELECT pg_advisory_xact_lock(${LOCK})`);
    await createOwnSchema(session);
    const applied = await session.query<{ number: number; name: string; checksum: string }>(
      sql`SELECT number, name, checksum FROM genai.migrations ORDER BY number`,
    );
    for (const row of applied) checkApplied(row, migrations);
    const missing = migrations.filter((migration) => !applied.some((row) => row.number === migration.number));
    for (const migration of missing) {
      await session.query(migrationScript(migration.text));
      await session.query(sql`INSERT INTO genai.migrations (number, name, checksum) VALUES (${migration.number}, ${migration.name}, ${migration.checksum})`);
    }
    return missing.map((migration) => migration.name);
  });
}

/** The files of `migrations/` in order. @throws Error when a number is missing or given twice. */
export function ownMigrations(folder: string = path.join(import.meta.dirname, 'migrations')): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort();
  return names.map((name, index) => {
    const number = Number(name.slice(0, 4));
    if (number !== index + 1) throw new Error(`${folder}: expected number ${index + 1}, found ${name}`);
    const text = readFileSync(path.join(folder, name), 'utf8');
    return { number, name: name.slice(0, -4), text, checksum: createHash('sha256').update(text).digest('hex') };
  });
}

/** Made only when absent, so that a database role without CREATE on a prepared database still works. */
async function createOwnSchema(session: RecordsSession): Promise<void> {
  const found = await session.query(sql`SELECT 1 FROM pg_namespace WHERE nspname = ${SCHEMA}`);
  if (found.length === 0) await session.query(sql`CREATE SCHEMA genai`);
  await session.query(sql`
    CREATE TABLE IF NOT EXISTS genai.migrations (
      number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
    )`);
}

function checkApplied(row: { number: number; name: string; checksum: string }, migrations: readonly Migration[]): void {
  const own = migrations.find((migration) => migration.number === row.number);
  if (!own) {
    throw new AppError(`The records database is newer than this release (it has migration ${row.name}): start the newer release again.`, {
      status: 500,
      code: 'records_newer',
    });
  }
  if (own.checksum !== row.checksum) {
    throw new AppError(`Migration ${own.name} was applied with another content: an applied file is never edited; add a new one.`, {
      status: 500,
      code: 'records_changed_migration',
    });
  }
}
