// The statements behind the management of organisations, projects, their keys and members.
import { randomUUID } from 'node:crypto';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { displaySecretKey, hashKey } from './keys.ts';
import type { UserRole } from './principal.ts';

export interface ManagedProject {
  id: string;
  organization_id: string;
  organization_name: string;
  name: string;
  metadata: Record<string, unknown>;
  /** The project's own, else the organisation's; 0 = for ever. */
  retention_days: number;
  created_at: Date;
  updated_at: Date;
}

const PROJECT = sql`p.id, p.organization_id, o.name AS organization_name, p.name, p.metadata, coalesce(p.retention_days, o.retention_days, 0) AS retention_days, p.created_at, p.updated_at`;

export async function projectsOf(session: RecordsSession, organizationId: string): Promise<ManagedProject[]> {
  return await session.query<ManagedProject>(
    sql`SELECT ${PROJECT} FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE p.organization_id = ${organizationId} ORDER BY p.created_at, p.id`,
  );
}

/** A project of an organisation, null when it is another's. */
export async function projectOf(session: RecordsSession, organizationId: string, id: string): Promise<ManagedProject | null> {
  const rows = await session.query<ManagedProject>(
    sql`SELECT ${PROJECT} FROM projects p JOIN organizations o ON o.id = p.organization_id WHERE p.organization_id = ${organizationId} AND p.id = ${id}`,
  );
  return rows[0] ?? null;
}

export interface ProjectFields {
  name: string;
  /** Null = as the organisation says, or as it was. */
  retentionDays: number | null;
  metadata: Record<string, unknown> | null;
}

export async function insertProject(session: RecordsSession, organizationId: string, fields: ProjectFields): Promise<string> {
  const id = randomUUID();
  await session.query(sql`
    INSERT INTO projects (id, organization_id, name, retention_days, metadata)
    VALUES (${id}, ${organizationId}, ${fields.name}, ${fields.retentionDays}, ${JSON.stringify(fields.metadata ?? {})}::jsonb)`);
  return id;
}

/** Null metadata stays as it is. */
export async function updateProject(session: RecordsSession, id: string, fields: ProjectFields): Promise<void> {
  const metadata = fields.metadata === null ? null : JSON.stringify(fields.metadata);
  await session.query(sql`
    UPDATE projects SET name = ${fields.name}, retention_days = coalesce(${fields.retentionDays}, retention_days), metadata = coalesce(${metadata}::jsonb, metadata), updated_at = now() WHERE id = ${id}`);
}

export interface KeySummary {
  id: string;
  public_key: string;
  display_secret_key: string;
  note: string | null;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

const KEY = sql`id, public_key, display_secret_key, note, created_at, expires_at, last_used_at`;

/** Where keys of each scope lie. */
export type KeyOwner = { projectId: string; organizationId: string } | { organizationId: string };

export async function keysOf(session: RecordsSession, owner: KeyOwner): Promise<KeySummary[]> {
  return 'projectId' in owner
    ? await session.query<KeySummary>(sql`SELECT ${KEY} FROM project_keys WHERE project_id = ${owner.projectId} ORDER BY created_at, id`)
    : await session.query<KeySummary>(sql`SELECT ${KEY} FROM organization_keys WHERE organization_id = ${owner.organizationId} ORDER BY created_at, id`);
}

/** Whether a public key is taken, by a project or by an organisation. */
export async function isTaken(session: RecordsSession, publicKey: string): Promise<boolean> {
  const rows = await session.query(
    sql`SELECT 1 FROM project_keys WHERE public_key = ${publicKey} UNION ALL SELECT 1 FROM organization_keys WHERE public_key = ${publicKey} LIMIT 1`,
  );
  return rows.length > 0;
}

/** Only a hash of the secret is kept. */
export async function insertKey(
  session: RecordsSession,
  owner: KeyOwner,
  key: { publicKey: string; secretKey: string; note: string | null },
): Promise<KeySummary> {
  const values = sql`${randomUUID()}, ${owner.organizationId}, ${key.publicKey}, ${hashKey(key.secretKey)}, ${displaySecretKey(key.secretKey)}, ${key.note}`;
  const [row] =
    'projectId' in owner
      ? await session.query<KeySummary>(
          sql`INSERT INTO project_keys (id, organization_id, public_key, secret_hash, display_secret_key, note, project_id) VALUES (${values}, ${owner.projectId}) RETURNING ${KEY}`,
        )
      : await session.query<KeySummary>(
          sql`INSERT INTO organization_keys (id, organization_id, public_key, secret_hash, display_secret_key, note) VALUES (${values}) RETURNING ${KEY}`,
        );
  return row as KeySummary;
}

export async function deleteKey(session: RecordsSession, owner: KeyOwner, id: string): Promise<boolean> {
  const rows =
    'projectId' in owner
      ? await session.query(sql`DELETE FROM project_keys WHERE project_id = ${owner.projectId} AND id = ${id} RETURNING id`)
      : await session.query(sql`DELETE FROM organization_keys WHERE organization_id = ${owner.organizationId} AND id = ${id} RETURNING id`);
  return rows.length > 0;
}

export async function organizationExists(session: RecordsSession, id: string): Promise<boolean> {
  return (await session.query(sql`SELECT 1 FROM organizations WHERE id = ${id}`)).length > 0;
}

export interface Member {
  user_id: string;
  email: string;
  name: string;
  role: UserRole;
}

export async function membersOf(session: RecordsSession, organizationId: string): Promise<Member[]> {
  return await session.query<Member>(sql`
    SELECT m.user_id, u.email, u.name, m.role FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = ${organizationId} ORDER BY m.created_at, m.user_id`);
}

/** Makes changes of the members of one organisation take turns until their transactions end. */
export async function lockMembers(session: RecordsSession, organizationId: string): Promise<void> {
  await session.query(sql`SELECT 1 FROM organizations WHERE id = ${organizationId} FOR UPDATE`);
}

/** Null when there is no such user. */
export async function putMember(session: RecordsSession, organizationId: string, userId: string, role: UserRole): Promise<Member | null> {
  await session.query(sql`
    INSERT INTO memberships (user_id, organization_id, role) SELECT id, ${organizationId}, ${role} FROM users WHERE id = ${userId}
    ON CONFLICT (user_id, organization_id) DO UPDATE SET role = EXCLUDED.role`);
  return (await membersOf(session, organizationId)).find((member) => member.user_id === userId) ?? null;
}

export async function removeMember(session: RecordsSession, organizationId: string, userId: string): Promise<boolean> {
  return (await session.query(sql`DELETE FROM memberships WHERE organization_id = ${organizationId} AND user_id = ${userId} RETURNING user_id`)).length > 0;
}
