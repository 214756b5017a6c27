// Labels of prompts that only a project's administrators move: what they deploy no key and no other member can change.
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface ProtectedLabel {
  label: string;
  created_at: Date;
  created_by: string | null;
}

export async function protectedLabels(session: RecordsSession, projectId: string): Promise<ProtectedLabel[]> {
  return await session.query<ProtectedLabel>(
    sql`SELECT label, created_at, created_by FROM prompt_protected_labels WHERE project_id = ${projectId} ORDER BY label`,
  );
}

export async function protectLabel(session: RecordsSession, projectId: string, label: string, by: string): Promise<void> {
  await session.query(
    sql`INSERT INTO prompt_protected_labels (project_id, label, created_by) VALUES (${projectId}, ${label}, ${by}) ON CONFLICT (project_id, label) DO NOTHING`,
  );
}

export async function releaseLabel(session: RecordsSession, projectId: string, label: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM prompt_protected_labels WHERE project_id = ${projectId} AND label = ${label} RETURNING label`)).length > 0;
}

/** Whether the caller is an administrator of the project: a person, never a key. */
export function administers(principal: Principal): boolean {
  return principal.kind === 'project-key' && principal.person?.role === 'admin';
}

/** @throws AppError 403 when one of the labels is protected and the caller may not move it. */
export async function refuseProtected(session: RecordsSession, projectId: string, labels: readonly string[], mayMove: boolean): Promise<void> {
  if (mayMove || labels.length === 0) return;
  const held = (await protectedLabels(session, projectId)).find(({ label }) => labels.includes(label));
  if (held === undefined) return;
  throw new AppError(`The label '${held.label}' is protected: an administrator of the project has to do this in the console.`, {
    status: 403,
    code: 'ForbiddenError',
  });
}
