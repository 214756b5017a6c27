// Virtual keys as records: create, read, change, delete, list, block. The gateway's admin routes are a view of these.
import { AppError } from '#lib/errors.ts';
import { formatPicos } from '#lib/money.ts';
import type { Records, RecordsSession, Statement } from '#stores/records/port.ts';
import { isUniqueViolation, sql, sqlState } from '#stores/records/sql.ts';
import { hashKey, isKeyHash } from './keys.ts';
import { toVirtualKey, type VirtualKeyRecord, type VirtualKeyRow, virtualKeyRows, WRITABLE_COLUMNS } from './sql.ts';

export type { VirtualKeyRecord } from './sql.ts';

/** The records and who must forget a changed key. The change is answered when every process that shares the keys has heard of it; `genai_keys` is the net below. */
export interface KeyStore {
  readonly records: Records;
  readonly changed: (id: string) => void | Promise<void>;
}

/** What may be set on a key. In a patch an absent field stays and null clears it (lists and maps become empty, flags their default, spend 0). */
export interface VirtualKeyFields {
  alias?: string | null;
  models?: readonly string[] | null;
  maxBudgetPicos?: bigint | null;
  budgetDuration?: string | null;
  budgetResetAt?: Date | null;
  spendPicos?: bigint | null;
  rpmLimit?: number | null;
  tpmLimit?: number | null;
  maxParallelRequests?: number | null;
  expiresAt?: Date | null;
  blocked?: boolean | null;
  teamId?: string | null;
  userId?: string | null;
  costCentre?: string | null;
  tags?: readonly string[] | null;
  metadata?: Readonly<Record<string, unknown>> | null;
  otherFields?: Readonly<Record<string, unknown>> | null;
  keepContent?: boolean | null;
  projectId?: string;
}

export interface NewVirtualKey extends VirtualKeyFields {
  /** SHA-256 of the key in hex. */
  id: string;
  /** sk-...XXXX */
  name: string;
  organizationId: string;
  projectId: string;
  createdBy?: string | null;
}

/** Writes a new key. @throws AppError 400 when the key or its alias exists, or team or project do not. */
export async function insertVirtualKey(store: KeyStore, key: NewVirtualKey): Promise<VirtualKeyRecord> {
  await writeVirtualKey(store.records, key);
  await store.changed(key.id);
  const written = await getVirtualKey(store.records, key.id);
  if (!written) throw new AppError('The key was deleted while it was being created; create it again.', { status: 409, code: 'conflict' });
  return written;
}

/** The same inside a transaction of the caller. */
export async function writeVirtualKey(session: RecordsSession, key: NewVirtualKey): Promise<void> {
  const columns = toColumns(key);
  const names = columns.map(([name]) => sql`${sql.identifier(name, WRITABLE_COLUMNS)}`);
  const values = columns.map(([, value]) => value);
  const comma = sql`, `;
  try {
    await session.query(sql`
      INSERT INTO virtual_keys (id, name, organization_id, created_by, ${sql.join(names, comma)})
      VALUES (${key.id}, ${key.name}, ${key.organizationId}, ${key.createdBy ?? null}, ${sql.join(values, comma)})`);
  } catch (error) {
    throw explain(error, key);
  }
}

/** A key by its hash or by itself, also by the hash that it had before it was regenerated, until that is revoked; null when there is none. */
export async function getVirtualKey(session: RecordsSession, hashOrKey: string): Promise<VirtualKeyRecord | null> {
  const id = isKeyHash(hashOrKey) ? hashOrKey : hashKey(hashOrKey);
  // One statement whatever the key is: a wrong one must cost no more and show no more than a right one.
  const successor = sql`(SELECT active_id FROM replaced_keys WHERE id = ${id} AND revoke_at > now())`;
  const [row] = await session.query<VirtualKeyRow>(virtualKeyRows(sql`k.id = COALESCE(${successor}, ${id})`));
  if (!row) return null;
  const key = toVirtualKey(row);
  if (key.id === id) return key;
  const [replaced] = await session.query<{ revoke_at: Date }>(sql`SELECT revoke_at FROM replaced_keys WHERE id = ${id}`);
  // The old hash stops at its own hour, whoever has it in memory.
  return { ...key, expiresAtMs: Math.min(key.expiresAtMs ?? Number.POSITIVE_INFINITY, replaced?.revoke_at.getTime() ?? 0) };
}

/** Changes what `patch` names and gives the key as it is now; null when there is none. @throws AppError 400 as insertVirtualKey. */
export async function updateVirtualKey(store: KeyStore, id: string, patch: VirtualKeyFields, updatedBy: string | null): Promise<VirtualKeyRecord | null> {
  const changes = [...toColumns(patch), ['updated_by', sql`${updatedBy}`] as const];
  const assignments = changes.map(([name, value]) => sql`${sql.identifier(name, WRITABLE_COLUMNS)} = ${value}`);
  let found: unknown[];
  try {
    found = await store.records.query(sql`UPDATE virtual_keys SET ${sql.join(assignments, sql`, `)}, updated_at = now() WHERE id = ${id} RETURNING id`);
  } catch (error) {
    throw explain(error, patch);
  }
  if (found.length === 0) return null;
  await store.changed(id);
  return await getVirtualKey(store.records, id);
}

/** Deletes by ids or aliases; gives the ids that existed. */
export async function deleteVirtualKeys(store: KeyStore, which: { ids?: readonly string[]; aliases?: readonly string[] }): Promise<string[]> {
  const rows = await store.records.query<{ id: string }>(
    sql`DELETE FROM virtual_keys WHERE id = ANY(${which.ids ?? []}::text[]) OR alias = ANY(${which.aliases ?? []}::text[]) RETURNING id`,
  );
  await Promise.all(rows.map(({ id }) => store.changed(id)));
  return rows.map(({ id }) => id);
}

/** Blocks or unblocks; the next request with the key sees it. Null when there is no such key. */
export function setBlocked(store: KeyStore, id: string, blocked: boolean, updatedBy: string | null): Promise<VirtualKeyRecord | null> {
  return updateVirtualKey(store, id, { blocked }, updatedBy);
}

const SORTABLE = ['created_at', 'updated_at', 'alias', 'spend', 'max_budget', 'expires_at', 'name', 'user_id', 'team_id'] as const;
export type VirtualKeyOrder = (typeof SORTABLE)[number];

export interface VirtualKeyQuery {
  /** From 1. */
  page: number;
  /** Rows a page. */
  size: number;
  filters?: {
    id?: string;
    alias?: string;
    /** Part of the alias, whatever its case. */
    aliasContains?: string;
    /** Only keys that have an alias. */
    hasAlias?: boolean;
    /** Besides the keys of `userId`: those that he created, and those of his teams. */
    alsoCreatedBy?: boolean;
    alsoOfTeams?: boolean;
    /** Only keys of this user and these teams; with `onlyTeam` nothing outside that team. */
    visibleTo?: { userId: string; teamIds: readonly string[]; onlyTeam: string | null };
    userId?: string;
    teamId?: string;
    organizationId?: string;
    projectId?: string;
    blocked?: boolean;
    expiredAt?: Date;
  };
  /** Default created_at, newest first. */
  orderBy?: VirtualKeyOrder;
  ascending?: boolean;
}

/** One page of keys and how many there are in all. */
export async function listVirtualKeys(
  session: RecordsSession,
  query: VirtualKeyQuery,
): Promise<{ keys: VirtualKeyRecord[]; totalCount: number; page: number; totalPages: number }> {
  const condition = toCondition(query.filters ?? {});
  const order = sql.identifier(query.orderBy ?? 'created_at', SORTABLE);
  const direction = query.ascending ? sql`ASC NULLS LAST` : sql`DESC NULLS LAST`;
  const offset = (query.page - 1) * query.size;
  const tail = sql`ORDER BY k.${order} ${direction}, k.id LIMIT ${query.size} OFFSET ${offset}`;
  const [rows, [total]] = await Promise.all([
    session.query<VirtualKeyRow>(virtualKeyRows(condition, tail)),
    session.query<{ count: string }>(sql`SELECT count(*) AS count FROM virtual_keys k WHERE ${condition}`),
  ]);
  const totalCount = Number(total?.count ?? 0);
  return { keys: rows.map(toVirtualKey), totalCount, page: query.page, totalPages: Math.ceil(totalCount / query.size) };
}

function toCondition(filters: NonNullable<VirtualKeyQuery['filters']>): Statement {
  const conditions: Statement[] = [sql`true`];
  if (filters.id !== undefined) conditions.push(sql`k.id = ${filters.id}`);
  if (filters.alias !== undefined) conditions.push(sql`k.alias = ${filters.alias}`);
  if (filters.aliasContains !== undefined) conditions.push(sql`strpos(lower(k.alias), lower(${filters.aliasContains})) > 0`);
  if (filters.hasAlias) conditions.push(sql`k.alias IS NOT NULL`);
  if (filters.visibleTo !== undefined) conditions.push(visibleTo(filters.visibleTo));
  if (filters.userId !== undefined) conditions.push(ownedBy(filters.userId, filters));
  if (filters.teamId !== undefined) conditions.push(sql`k.team_id = ${filters.teamId}`);
  if (filters.organizationId !== undefined) conditions.push(sql`k.organization_id = ${filters.organizationId}`);
  if (filters.projectId !== undefined) conditions.push(sql`k.project_id = ${filters.projectId}`);
  if (filters.blocked !== undefined) conditions.push(sql`k.blocked = ${filters.blocked}`);
  if (filters.expiredAt !== undefined) conditions.push(sql`k.expires_at <= ${filters.expiredAt}`);
  return sql.join(conditions, sql` AND `);
}

function visibleTo({ userId, teamIds, onlyTeam }: { userId: string; teamIds: readonly string[]; onlyTeam: string | null }): Statement {
  const seen = sql`(k.user_id = ${userId} OR k.team_id = ANY(${teamIds}::text[]))`;
  return onlyTeam === null ? seen : sql`(k.team_id = ${onlyTeam} AND ${seen})`;
}

function ownedBy(userId: string, { alsoCreatedBy, alsoOfTeams }: NonNullable<VirtualKeyQuery['filters']>): Statement {
  const ways: Statement[] = [sql`k.user_id = ${userId}`];
  if (alsoCreatedBy) ways.push(sql`k.created_by = ${userId}`);
  if (alsoOfTeams) ways.push(sql`k.team_id IN (SELECT team_id FROM team_members WHERE user_id = ${userId})`);
  return sql`(${sql.join(ways, sql` OR `)})`;
}

type Writable = (typeof WRITABLE_COLUMNS)[number];

/** Field -> column and how a value (null clears) is bound. */
const COLUMNS: { readonly [Field in keyof Required<VirtualKeyFields>]: readonly [Writable, (value: Required<VirtualKeyFields>[Field]) => Statement] } = {
  alias: ['alias', (value) => sql`${value}`],
  models: ['models', (value) => sql`${value ?? []}::text[]`],
  maxBudgetPicos: ['max_budget', (value) => sql`${toAmount(value)}::numeric`],
  budgetDuration: ['budget_duration', (value) => sql`${value}`],
  budgetResetAt: ['budget_reset_at', (value) => sql`${value}`],
  spendPicos: ['spend', (value) => sql`${toAmount(value ?? 0n)}::numeric`],
  rpmLimit: ['rpm_limit', (value) => sql`${value}`],
  tpmLimit: ['tpm_limit', (value) => sql`${value}`],
  maxParallelRequests: ['max_parallel_requests', (value) => sql`${value}`],
  expiresAt: ['expires_at', (value) => sql`${value}`],
  blocked: ['blocked', (value) => sql`${value ?? false}`],
  teamId: ['team_id', (value) => sql`${value}`],
  userId: ['user_id', (value) => sql`${value}`],
  projectId: ['project_id', (value) => sql`${value}`],
  costCentre: ['cost_centre', (value) => sql`${value}`],
  tags: ['tags', (value) => sql`${value ?? []}::text[]`],
  metadata: ['metadata', (value) => sql`${JSON.stringify(value ?? {})}::jsonb`],
  otherFields: ['other_fields', (value) => sql`${JSON.stringify(value ?? {})}::jsonb`],
  keepContent: ['keep_content', (value) => sql`${value ?? true}`],
};

/** Columns and bound values of the fields that are there. */
function toColumns(fields: VirtualKeyFields): [Writable, Statement][] {
  const given = (Object.keys(COLUMNS) as (keyof VirtualKeyFields)[]).filter((field) => fields[field] !== undefined);
  return given.map((field) => {
    const [column, bind] = COLUMNS[field] as readonly [Writable, (value: unknown) => Statement];
    return [column, bind(fields[field])];
  });
}

function toAmount(picos: bigint | null): string | null {
  return picos === null ? null : formatPicos(picos);
}

/** Constraint errors in words; texts that LiteLLM's clients know are kept. */
function explain(error: unknown, fields: VirtualKeyFields): unknown {
  if (isUniqueViolation(error, 'virtual_keys_by_alias')) {
    const message = `Key with alias '${fields.alias}' already exists. Unique key aliases across all keys are required.`;
    return new AppError(message, { status: 400, code: 'bad_request_error', param: 'key_alias', cause: error });
  }
  if (isUniqueViolation(error))
    return new AppError('This key exists already; use /key/update to change it.', { status: 400, code: 'bad_request_error', param: 'key', cause: error });
  if (sqlState(error) === '23503') {
    const constraint = String((error as { constraint?: unknown }).constraint);
    const param = constraint.includes('team') ? 'team_id' : constraint.includes('project') ? 'project_id' : 'organization_id';
    return new AppError(`The ${param} does not exist; create it first or leave it out.`, { status: 400, code: 'bad_request_error', param, cause: error });
  }
  if (sqlState(error) === '22003') {
    return new AppError('A number of the key is too large to be stored.', { status: 400, code: 'bad_request_error', cause: error });
  }
  return error;
}
