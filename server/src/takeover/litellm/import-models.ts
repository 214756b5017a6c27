// Registered models and credentials: opened with LiteLLM's salt, sealed with ours.
import { sql } from '#stores/records/sql.ts';
import { digestOf, readTaken, rememberRows, type TakenRow } from '#takeover/taken-rows.ts';
import type { Row } from './fields.ts';
import { fromCredential, fromModel, type SecretOpener } from './from-keys.ts';
import type { ImportCounts, ImportRun } from './import-report.ts';
import type { Taken, TakenCredential, TakenModel } from './taken.ts';

/** Credentials first: models name them. */
export async function importModels(run: ImportRun, opener: SecretOpener): Promise<ImportCounts[]> {
  const credentials = await importSealed<TakenCredential>(run, {
    ...{ kind: 'credential', table: 'CredentialsTable', order: ['credential_name'] },
    read: (row) => fromCredential(row, opener),
    here: async () => new Set((await run.deps.models.credentials()).map(({ name }) => name)),
    write: async (credential) => {
      await run.deps.models.writeCredential(credential, credential.created_by ?? 'import');
      await run.deps.records.query(sql`
        UPDATE credentials SET created_at = COALESCE(${credential.created_at}::timestamptz, created_at), created_by = ${credential.created_by},
          updated_at = COALESCE(${credential.updated_at}::timestamptz, updated_at), updated_by = ${credential.updated_by} WHERE name = ${credential.name}`);
    },
  });
  const models = await importSealed<TakenModel>(run, {
    ...{ kind: 'model', table: 'ProxyModelTable', order: ['model_id'] },
    read: (row) => fromModel(row, opener),
    here: async () => new Set((await run.deps.records.query<{ id: string }>(sql`SELECT id FROM stored_models`)).map(({ id }) => id)),
    write: async (model) => {
      await run.deps.models.write(model, model.created_by ?? 'import');
      await run.deps.records.query(sql`
        UPDATE stored_models SET created_at = COALESCE(${model.created_at}::timestamptz, created_at), created_by = ${model.created_by},
          updated_at = COALESCE(${model.updated_at}::timestamptz, updated_at), updated_by = ${model.updated_by} WHERE id = ${model.id}`);
    },
    note: async (model) => {
      const problem = await run.deps.models.problemOf(model);
      if (problem !== null) run.context.findings.add({ level: 'note', kind: 'model', code: 'not-served', detail: problem.slice(0, 300) }, model.modelName);
    },
  });
  if (run.input.apply && [credentials, models].some((counts) => counts.new + counts.changed > 0)) await run.deps.modelsChanged();
  return [credentials, models];
}

interface SealedStep<Value> {
  kind: string;
  table: string;
  order: readonly string[];
  read(row: Row): { taken: Taken<Value>; unopened: string[] };
  here(): Promise<Set<string>>;
  write(value: Value): Promise<void>;
  note?(value: Value): Promise<void>;
}

async function importSealed<Value>(run: ImportRun, step: SealedStep<Value>): Promise<ImportCounts> {
  const counts: ImportCounts = { kind: step.kind, table: step.table, read: 0, new: 0, changed: 0, unchanged: 0, refused: 0 };
  const total = await run.database.count(step.table);
  if (total === 0) return counts;
  const here = await step.here();
  for await (const rows of run.database.batches(step.table, step.order)) {
    const understood = rows.map((row) => step.read(row));
    const ids = understood.map(({ taken }) => taken.id);
    const before = await readTaken(run.deps.records, [run.database.identity, step.kind], ids);
    for (const one of understood) {
      const outcome = await takeSealed(run, step, { one, before: before.get(one.taken.id), isHere: here.has(one.taken.id) });
      counts.read += 1;
      counts[outcome] += 1;
    }
    run.progress({ kind: step.kind, done: counts.read, total });
  }
  return counts;
}

interface Sealed<Value> {
  one: { taken: Taken<Value>; unopened: string[] };
  before: TakenRow | undefined;
  isHere: boolean;
}

async function takeSealed<Value>(
  run: ImportRun,
  step: SealedStep<Value>,
  { one, before, isHere }: Sealed<Value>,
): Promise<'new' | 'changed' | 'unchanged' | 'refused'> {
  const { taken, unopened } = one;
  const refused = refusalOf(unopened, before !== undefined, isHere);
  if (refused !== null) {
    run.context.findings.add({ level: 'refused', kind: step.kind, ...refused }, taken.id);
    return 'refused';
  }
  const digest = digestOf(taken.value);
  if (before?.digest === digest) return 'unchanged';
  if (run.input.apply) {
    await step.write(taken.value);
    await rememberRows(run.deps.records, [run.database.identity, step.kind], [{ id: taken.id, digest }]);
  }
  await step.note?.(taken.value);
  return before === undefined ? 'new' : 'changed';
}

function refusalOf(unopened: readonly string[], wasTaken: boolean, isHere: boolean): { code: string; detail?: string } | null {
  if (unopened.length > 0) return { code: 'sealed', detail: unopened.join(', ') };
  if (wasTaken === isHere) return null;
  return { code: wasTaken ? 'deleted-here' : 'exists' };
}
