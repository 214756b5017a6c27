// Brings the records to what the start file says. Applied at every start: what is already so stays untouched, what the file does not name stays too.
import { ROLE_OF } from '#identity/member-routes.ts';
import { writeProjectKey } from '#identity/project-keys.ts';
import { putStartMembers } from '#identity/start-members.ts';
import { AppError } from '#lib/errors.ts';
import { putModel } from '#observe/models/put-model.ts';
import { putPrompt } from '#observe/prompts/put-prompt.ts';
import { putConfig } from '#observe/score-configs/put-config.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { InitFile, InitProject } from './init-file.ts';

/** Returns how many organisations, members, projects, prompts, models and score configs were made or changed. @throws AppError 400. */
export async function applyInitFile(records: Records, file: InitFile): Promise<number> {
  let changes = 0;
  for (const organization of file.organizations) {
    const written = await records.query(sql`
      INSERT INTO organizations AS stored (id, name) VALUES (${organization.id}, ${organization.name})
      ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE stored.name <> EXCLUDED.name RETURNING id`);
    changes += written.length + (await keepFor(records, organization.id, organization.retention));
    changes += await applyMembers(records, organization);
    for (const project of organization.projects) changes += await applyProject(records, organization.id, project);
  }
  return changes;
}

async function applyMembers(records: Records, { id, members }: InitFile['organizations'][number]): Promise<number> {
  const wanted = members.map(({ email, role, name = null, password = null }) => ({ email, role: ROLE_OF[role], name, password }));
  return await within(`organisation ${id}`, 'members', () => putStartMembers(records, id, wanted));
}

async function applyProject(records: Records, organizationId: string, project: InitProject): Promise<number> {
  const written = await records.query(sql`
    INSERT INTO projects AS stored (id, organization_id, name) VALUES (${project.id}, ${organizationId}, ${project.name})
    ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, updated_at = now() WHERE stored.name <> EXCLUDED.name AND stored.organization_id = EXCLUDED.organization_id
    RETURNING id`);
  const [stored] = await records.query<{ organization_id: string }>(sql`SELECT organization_id FROM projects WHERE id = ${project.id}`);
  if (stored?.organization_id !== organizationId)
    throw fault(placeOf(project), `belongs to the organisation ${stored?.organization_id}, not to ${organizationId}`);
  // Writing a pair that is there changes nothing.
  for (const key of project.keys) await applyKey(records, { organizationId, project }, key);
  const retained = (await keepProjectFor(records, project)) + (await maskProject(records, project)) + (await sampleProject(records, project));
  const changed = [
    ...(await inOrder(project.prompts, (prompt) => within(placeOf(project), `prompt ${prompt.name}`, () => putPrompt(records, project.id, prompt)))),
    ...(await inOrder(project.models, (model) => within(placeOf(project), `model ${model.modelName}`, () => putModel(records, project.id, model)))),
    ...(await inOrder(project.scoreConfigs, (config) => within(placeOf(project), `score config ${config.name}`, () => putConfig(records, project.id, config)))),
  ];
  return written.length + retained + changed.filter(Boolean).length;
}

/** What the file does not name stays. */
async function keepFor(records: Records, organizationId: string, days: number | undefined): Promise<number> {
  if (days === undefined) return 0;
  const changed = await records.query(
    sql`UPDATE organizations SET retention_days = ${days} WHERE id = ${organizationId} AND retention_days IS DISTINCT FROM ${days} RETURNING id`,
  );
  return changed.length;
}

async function maskProject(records: Records, { id, masking }: InitProject): Promise<number> {
  if (masking === undefined) return 0;
  const rules = JSON.stringify(masking);
  const changed = await records.query(
    sql`UPDATE projects SET masking_rules = ${rules}::jsonb, updated_at = now() WHERE id = ${id} AND masking_rules <> ${rules}::jsonb RETURNING id`,
  );
  return changed.length;
}

async function sampleProject(records: Records, { id, sampling }: InitProject): Promise<number> {
  if (sampling === undefined) return 0;
  const rule = sampling === null ? null : JSON.stringify(sampling);
  const changed = await records.query(
    sql`UPDATE projects SET sampling_rule = ${rule}::jsonb, updated_at = now() WHERE id = ${id} AND sampling_rule IS DISTINCT FROM ${rule}::jsonb RETURNING id`,
  );
  return changed.length;
}

async function keepProjectFor(records: Records, { id, retention }: InitProject): Promise<number> {
  if (retention === undefined) return 0;
  const { days, rules } = typeof retention === 'number' ? { days: retention, rules: [] } : { days: retention.days ?? null, rules: retention.rules };
  const changed = await records.query(sql`
    UPDATE projects SET retention_days = ${days}, retention_rules = ${JSON.stringify(rules)}::jsonb, updated_at = now()
    WHERE id = ${id} AND (retention_days IS DISTINCT FROM ${days} OR retention_rules <> ${JSON.stringify(rules)}::jsonb) RETURNING id`);
  return changed.length;
}

async function applyKey(
  records: Records,
  place: { organizationId: string; project: InitProject },
  key: { publicKey: string; secretKey: string },
): Promise<void> {
  const [owner] = await records.query<{ project_id: string }>(sql`SELECT project_id FROM project_keys WHERE public_key = ${key.publicKey}`);
  if (owner && owner.project_id !== place.project.id)
    throw fault(placeOf(place.project), `the public key ${key.publicKey} opens the project ${owner.project_id} already`);
  await writeProjectKey(records, { organizationId: place.organizationId, projectId: place.project.id, ...key, note: 'start file' });
}

/** One after the other: a prompt may be composed of the one before it. */
async function inOrder<Item>(items: readonly Item[], put: (item: Item) => Promise<boolean>): Promise<boolean[]> {
  const results: boolean[] = [];
  for (const item of items) results.push(await put(item));
  return results;
}

const placeOf = ({ id }: InitProject): string => `project ${id}`;

async function within<Result>(place: string, what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.status < 500) throw fault(place, `${what}: ${error.message}`, error);
    throw error;
  }
}

function fault(place: string, message: string, cause?: unknown): AppError {
  return new AppError(`The start file cannot be applied: ${place}: ${message}.`, { status: 400, code: 'invalid_setting', cause });
}
