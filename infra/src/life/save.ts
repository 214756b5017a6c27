// Saves keys, teams, settings and prompts (traces on request) of a standing environment as one encrypted backup, and restores them into a new one.
import type { Entry } from '#backup/container.ts';
import { dumpDatabases, fillDatabase } from '#backup/databases.ts';
import { readBackup, writeBackup } from '#backup/file.ts';
import { TOOLS_REFERENCE, toolsPod } from '#backup/tools-pod.ts';
import { dumpTraces, fillTraces } from '#backup/traces.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';
import { readStackOutputs, type StackOutputs } from '#outputs.ts';
import { type LifeContext, LifeError } from './context.ts';
import { openCluster } from './door.ts';
import { identify } from './identity.ts';
import { phaseMeter } from './report.ts';

const POLL_MS = 2000;
const POD_TIMEOUT_MS = 10 * 60_000;

interface Manifest {
  environment: string;
  createdAt: string;
  /** The products whose databases are inside. */
  gateway: string;
  observe: string;
}

export interface Saved {
  manifest: Manifest;
  /** The platform's own secret: hashes and ciphertexts in the databases depend on its salts and keys. */
  secrets: Readonly<Record<string, string>>;
  databases: Entry[];
  /** The tables of traces that are inside, and where their rows are read from. */
  traces: { tables: string[]; path: string; key: Buffer };
}

export interface SaveOptions {
  /** Where the backup is written. */
  path: string;
  key: Buffer;
  withTraces: boolean;
}

const DATABASE = 'database/';
const TRACES = 'traces/';

/** @throws LifeError when nothing stands that could be saved; then nothing may be destroyed either */
export async function save(context: LifeContext, { path, key, withTraces }: SaveOptions): Promise<void> {
  const { environment, cloud, clock } = context;
  const tell = phaseMeter(context.report, clock, 'save');
  const { cluster, stacks } = await identify(context);
  const kubernetes = cluster === null ? null : openCluster(context, cluster);
  if (kubernetes === null) throw new LifeError('cluster.absent', { environment: environment.name });
  try {
    const outputs = readStackOutputs(Object.assign({}, ...stacks.map((stack) => stack.outputs)));
    const secrets = await cloud.secrets.read(outputs.platformSecretArn);
    if (secrets === null) throw new LifeError('secrets.absent', { arn: outputs.platformSecretArn });
    const databases = await withTools(context, kubernetes, outputs, async () => {
      tell('pg_dump');
      return await dumpDatabases(kubernetes);
    });
    const manifest: Manifest = {
      environment: environment.name,
      createdAt: clock.now().toISOString(),
      gateway: environment.gateway,
      observe: environment.observe,
    };
    const small = [{ name: 'manifest', body: Buffer.from(JSON.stringify(manifest)) }, { name: 'secrets', body: Buffer.from(secrets) }, ...databases];
    await writeBackup(path, key, async (sealer) => {
      for (const entry of small) sealer.add(entry);
      if (!withTraces) return;
      tell('ClickHouse');
      await dumpTraces(kubernetes, (table, body) => sealer.add({ name: TRACES + table, body }));
    });
  } finally {
    await kubernetes.close();
  }
}

/** Reads all of it once, so that nothing of a damaged backup is used. @throws BackupError when it is damaged or the key is another one */
export function readSaved(path: string, key: Buffer): Saved {
  const small: Entry[] = [];
  const tables = new Set<string>();
  for (const entry of readBackup(path, key)) {
    if (entry.name.startsWith(TRACES)) tables.add(entry.name.slice(TRACES.length));
    else small.push(entry);
  }
  const json = (name: string): unknown => JSON.parse(small.find((entry) => entry.name === name)?.body.toString() ?? '{}');
  return {
    manifest: json('manifest') as Manifest,
    secrets: json('secrets') as Record<string, string>,
    databases: small.filter(({ name }) => name.startsWith(DATABASE)),
    traces: { tables: [...tables], path, key },
  };
}

/** Fills the tables of traces that are empty, after the migrations have made them and before Langfuse serves. */
export async function restoreTraces(context: LifeContext, kubernetes: KubernetesPort, { traces: { tables, path, key } }: Saved): Promise<void> {
  const saved = tables.map((name) => ({ name, pieces: () => piecesOf(path, key, TRACES + name) }));
  await fillTraces(kubernetes, saved, (what, isFilled) => context.report.say(isFilled ? 'restore.done' : 'restore.skipped', { what }));
}

function* piecesOf(path: string, key: Buffer, wanted: string): Generator<Buffer> {
  for (const { name, body } of readBackup(path, key)) if (name === wanted) yield body;
}

/** Fills the databases that are empty, before any migration runs: the migrations then bring an older backup up to date. */
export async function restore(context: LifeContext, kubernetes: KubernetesPort, outputs: StackOutputs, saved: Saved): Promise<void> {
  await withTools(context, kubernetes, outputs, async () => {
    for (const { name, body } of saved.databases) {
      const database = name.slice(DATABASE.length);
      const isFilled = await fillDatabase(kubernetes, database, body);
      context.report.say(isFilled ? 'restore.done' : 'restore.skipped', { what: database });
    }
  });
}

async function withTools<Answer>(context: LifeContext, kubernetes: KubernetesPort, outputs: StackOutputs, work: () => Promise<Answer>): Promise<Answer> {
  await kubernetes.remove(TOOLS_REFERENCE);
  await podIs(context, kubernetes, 'gone');
  await kubernetes.apply(toolsPod(outputs));
  try {
    await podIs(context, kubernetes, 'running');
    return await work();
  } finally {
    await kubernetes.remove(TOOLS_REFERENCE);
  }
}

async function podIs(context: LifeContext, kubernetes: KubernetesPort, wanted: 'gone' | 'running'): Promise<void> {
  const deadline = context.clock.now().getTime() + POD_TIMEOUT_MS;
  for (;;) {
    const pod = await kubernetes.get(TOOLS_REFERENCE);
    const phase = (pod?.status as { phase?: string } | undefined)?.phase;
    if (wanted === 'gone' ? pod === null : phase === 'Running') return;
    if (context.clock.now().getTime() > deadline) throw new LifeError('wave.held', { object: 'Pod/backup-tools' });
    await context.clock.sleep(POLL_MS);
  }
}
