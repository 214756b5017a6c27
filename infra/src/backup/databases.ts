// Dumps and fills the two databases with PostgreSQL's own tools, run in a pod beside them.
import { DATABASES } from '#k8s/names.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';
import { TOOLS_POD } from './tools-pod.ts';

/** Rows of single calls: large, and no key, team, setting or prompt is in them. */
const CALL_TABLES = ['"LiteLLM_SpendLogs"', '"LiteLLM_SpendLogToolIndex"', '"LiteLLM_ErrorLogs"'];

const NAMES = Object.values(DATABASES);

/** One SQL text a database. @throws KubernetesError with the tool's own words */
export async function dumpDatabases(kubernetes: KubernetesPort): Promise<{ name: string; body: Buffer }[]> {
  const dumps: { name: string; body: Buffer }[] = [];
  for (const { database } of NAMES) {
    const chunks: Buffer[] = [];
    const excluded = CALL_TABLES.map((table) => `--exclude-table-data=public.${table}`);
    const command = ['pg_dump', '--no-owner', '--no-privileges', '--no-comments', ...excluded, `--dbname=${database}`];
    await kubernetes.run(TOOLS_POD, command, { output: (chunk) => chunks.push(Buffer.from(chunk)) });
    dumps.push({ name: `database/${database}`, body: Buffer.concat(chunks) });
  }
  return dumps;
}

/** Whether a database has no table yet: only then it is filled. */
async function isEmpty(kubernetes: KubernetesPort, database: string): Promise<boolean> {
  const query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
  const chunks: Buffer[] = [];
  await kubernetes.run(TOOLS_POD, ['psql', '--no-psqlrc', '--tuples-only', '--no-align', `--dbname=${database}`, `--command=${query}`], {
    output: (chunk) => chunks.push(Buffer.from(chunk)),
  });
  return Buffer.concat(chunks).toString().trim() === '0';
}

/** Fills a database in one transaction: after a failure it is as empty as before. False when it was not empty and was left alone. */
export async function fillDatabase(kubernetes: KubernetesPort, database: string, sql: Buffer): Promise<boolean> {
  const known = NAMES.find((candidate) => candidate.database === database);
  if (known === undefined || !(await isEmpty(kubernetes, database))) return false;
  // What is made belongs to the product's own role, as if the product had made it.
  const command = [
    'psql',
    '--no-psqlrc',
    '--quiet',
    '--single-transaction',
    '--set=ON_ERROR_STOP=1',
    `--dbname=${database}`,
    `--command=SET ROLE ${known.user}`,
    '--file=-',
  ];
  await kubernetes.run(TOOLS_POD, command, { input: once(sql) });
  return true;
}

const CHUNK_BYTES = 64 * 1024;

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES);
}
