// What can be done with prompts: create a version, read one, move labels, delete. Consistent at once: every read is of the records, nothing is cached.
import { randomUUID } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import { conflict, invalidRequest } from '#observe/api/body.ts';
import { notFound } from '#observe/filter/parameters.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { type ChatEntry, type Dependency, dependenciesOf, type FindPrompt, type PromptContent, resolveContent } from './composition.ts';
import { refuseProtected } from './protected-labels.ts';
import { type CreatePrompt, LATEST, PRODUCTION } from './schema.ts';
import { type Prompt, promptOf } from './shape.ts';
import {
  addLabels,
  byLabel,
  byVersion,
  type DependentRow,
  deletePrompts,
  dependentsOf,
  insertDependencies,
  insertPrompt,
  lockName,
  type PromptRow,
  setTags,
  takeLabels,
  versionsOf,
} from './sql.ts';

/** Whether protected labels may be moved: by an administrator of the project, or the file that the platform starts with. */
interface MovesLabels {
  mayMoveProtected: boolean;
}

export interface PromptKey {
  projectId: string;
  name: string;
}

/** Reads one version. @throws AppError 404 when there is none, 409 when its composition is broken. */
export async function readPrompt(
  session: RecordsSession,
  key: PromptKey,
  asked: { version?: number | undefined; label?: string | undefined; resolve: boolean },
): Promise<Prompt> {
  if (asked.version !== undefined && asked.label !== undefined) throw invalidRequest('Cannot specify both version and label');
  const { version } = asked;
  const label = asked.label ?? PRODUCTION;
  const row = version === undefined ? await byLabel(session, { ...key, label }) : await byVersion(session, { ...key, version });
  if (row === null) throw notFound(`Prompt not found: '${key.name}' ${version === undefined ? `with label '${label}'` : `with version ${version}`}`);
  return asked.resolve ? promptOf(row, await resolveContent(row, finderIn(session, key.projectId))) : promptOf(row);
}

function finderIn(session: RecordsSession, projectId: string): FindPrompt {
  return async (dependency) =>
    await ('version' in dependency ? byVersion(session, { projectId, ...dependency }) : byLabel(session, { projectId, ...dependency }));
}

/**
 * Stores the next version of a name: it becomes `latest` and takes its labels from the other versions.
 * @throws AppError 400 when the name has another type, or the composition cannot be resolved; 403 when it would take a protected label.
 */
export async function createPrompt(records: Records, projectId: string, wished: CreatePrompt & { createdBy: string } & MovesLabels): Promise<Prompt> {
  if (typeof wished.prompt !== 'string') refuseAmbiguousNames(wished.prompt);
  return await records.transaction(async (session) => {
    const key = { projectId, name: wished.name };
    await lockName(session, projectId, wished.name);
    await refuseProtected(session, projectId, wished.labels, wished.mayMoveProtected);
    const [newest] = await versionsOf(session, projectId, wished.name);
    if (newest && newest.type !== wished.type) throw invalidRequest('Previous versions have different prompt type. Create a new prompt with a different name.');
    const row = {
      id: randomUUID(),
      project_id: projectId,
      name: wished.name,
      version: (newest?.version ?? 0) + 1,
      type: wished.type,
      prompt: wished.prompt as PromptContent,
      config: wished.config ?? {},
      labels: [...new Set([...wished.labels, LATEST])],
      tags: [...new Set(wished.tags ?? newest?.tags ?? [])],
      commit_message: wished.commitMessage ?? null,
      created_by: wished.createdBy,
    };
    const dependencies = await checkedDependencies(session, row);
    const stored = await insertPrompt(session, row);
    await insertDependencies(session, { id: row.id, projectId }, dependencies);
    await takeLabels(session, { ...key, exceptId: row.id }, row.labels);
    await setTags(session, key, row.tags);
    return promptOf(stored);
  });
}

/** A variable and a placeholder of one name could not be told apart when the prompt is compiled. */
function refuseAmbiguousNames(entries: readonly ChatEntry[]): void {
  const placeholders = new Set(entries.filter((entry) => entry.type === 'placeholder').map((entry) => entry.name));
  const variables = entries
    .flatMap(({ content }) => (typeof content === 'string' ? [...content.matchAll(/\{\{\s*([^{}]+?)\s*\}\}/g)] : []))
    .map((match) => match[1]);
  const both = [...new Set(variables.filter((name) => placeholders.has(name)))];
  if (both.length > 0) throw invalidRequest(`Cannot create prompt, variables and placeholders must be unique, the following are not: ${both.join(', ')}`);
}

async function checkedDependencies(
  session: RecordsSession,
  row: { id: string; project_id: string; name: string; version: number; type: string; prompt: PromptContent },
): Promise<Dependency[]> {
  try {
    await resolveContent(row, finderIn(session, row.project_id));
  } catch (error) {
    if (error instanceof AppError && error.status === 409) throw invalidRequest(error.message);
    throw error;
  }
  return dependenciesOf(row.prompt);
}

/** Puts labels on a version, beside those it has; other versions lose them. @throws AppError 404, 403 for a protected label. */
export async function labelPrompt(
  records: Records,
  key: PromptKey & { version: number },
  { labels, mayMoveProtected }: { labels: readonly string[] } & MovesLabels,
): Promise<Prompt> {
  return await records.transaction(async (session) => {
    await lockName(session, key.projectId, key.name);
    await refuseProtected(session, key.projectId, labels, mayMoveProtected);
    const row = await byVersion(session, key);
    if (row === null) throw notFound(`Prompt '${key.name}' version ${key.version} not found in project`);
    await takeLabels(session, { ...key, exceptId: row.id }, labels);
    return promptOf(await addLabels(session, row.id, [...new Set(labels)]));
  });
}

/**
 * Deletes versions of a name: one, those with a label, or all. What is left keeps a `latest`.
 * @throws AppError 404 when nothing matches, 403 when a protected label would go, 409 when another prompt would lose what it is composed of.
 */
export async function deletePrompt(
  records: Records,
  key: PromptKey,
  which: { version?: number | undefined; label?: string | undefined } & MovesLabels,
): Promise<void> {
  if (which.version !== undefined && which.label !== undefined) throw invalidRequest('Cannot specify both version and label');
  await records.transaction(async (session) => {
    await lockName(session, key.projectId, key.name);
    const versions = await versionsOf(session, key.projectId, key.name);
    const goes = (row: VersionRow) =>
      (which.version === undefined || row.version === which.version) && (which.label === undefined || row.labels.includes(which.label));
    const going = versions.filter(goes);
    if (going.length === 0) throw notFound('Prompt not found');
    await refuseProtected(
      session,
      key.projectId,
      going.flatMap(({ labels }) => labels),
      which.mayMoveProtected,
    );
    const staying = versions.filter((row) => !goes(row));
    refuseWhenNeeded(key.name, { going, staying }, await dependentsOf(session, key.projectId, key.name));
    await deletePrompts(
      session,
      going.map(({ id }) => id),
    );
    const [newest] = staying;
    if (newest && !staying.some(({ labels }) => labels.includes(LATEST))) await addLabels(session, newest.id, [LATEST]);
  });
}

type VersionRow = Pick<PromptRow, 'id' | 'version' | 'labels'>;

function refuseWhenNeeded(name: string, versions: { going: readonly VersionRow[]; staying: readonly VersionRow[] }, dependents: readonly DependentRow[]): void {
  const { going, staying } = versions;
  const blocking = dependents.filter(({ parent_id: parentId, child_version: version, child_label: label }) => {
    if (going.some(({ id }) => id === parentId)) return false;
    if (version !== null) return going.some((row) => row.version === version);
    return label !== null && going.some(({ labels }) => labels.includes(label)) && !staying.some(({ labels }) => labels.includes(label));
  });
  if (blocking.length === 0) return;
  const lines = blocking.map(
    (row) => `${row.parent_name} v${row.parent_version} depends on ${name} ${row.child_version === null ? row.child_label : `v${row.child_version}`}`,
  );
  throw conflict(
    `Other prompts are depending on prompt versions you are trying to delete:\n\n${lines.join('\n')}\n\nPlease delete the dependent prompts first.`,
  );
}
