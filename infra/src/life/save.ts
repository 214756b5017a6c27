// Saves keys, teams, settings and prompts of a standing environment as one encrypted backup, and restores them into a new one.
import { type Entry, openEntries, sealEntries } from '#backup/container.ts';
import { dumpDatabases, fillDatabase } from '#backup/databases.ts';
import { TOOLS_REFERENCE, toolsPod } from '#backup/tools-pod.ts';
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
}

/** @throws LifeError when nothing stands that could be saved; then nothing may be destroyed either */
export async function save(context: LifeContext, key: Buffer): Promise<Buffer> {
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
    return sealEntries([{ name: 'manifest', body: Buffer.from(JSON.stringify(manifest)) }, { name: 'secrets', body: Buffer.from(secrets) }, ...databases], key);
  } finally {
    await kubernetes.close();
  }
}

/** @throws BackupError when the backup is damaged or the key is another one */
export function readSaved(backup: Buffer, key: Buffer): Saved {
  const entries = openEntries(backup, key);
  const json = (name: string): unknown => JSON.parse(entries.find((entry) => entry.name === name)?.body.toString() ?? '{}');
  return {
    manifest: json('manifest') as Manifest,
    secrets: json('secrets') as Record<string, string>,
    databases: entries.filter((entry) => entry.name.startsWith('database/')),
  };
}

/** Fills the databases that are empty, before any migration runs: the migrations then bring an older backup up to date. */
export async function restore(context: LifeContext, kubernetes: KubernetesPort, outputs: StackOutputs, saved: Saved): Promise<void> {
  await withTools(context, kubernetes, outputs, async () => {
    for (const { name, body } of saved.databases) {
      const database = name.replace('database/', '');
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
