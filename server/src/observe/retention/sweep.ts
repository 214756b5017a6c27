// One look for rows whose age has come: whole partitions where every project in them agrees, else the rows of those that do. A row goes when its week has ended and its age has passed since.
import { countRows, deleteRows, dropPartition, type StoredPartition, storedPartitions, tableIs } from '#observe/life/remove-rows.ts';
import { EVERY_PROJECT, markDirty } from '#observe/rollups/marks.ts';
import { REACH_MS } from '#observe/rollups/times.ts';
import type { TableName } from '#observe/store/tables.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { join, type SqlFragment, sql, text } from '#stores/analytics/sql.ts';
import { classOf, daysOfClass, type RetentionPolicy, type RetentionRule, shortestDays } from './policy.ts';

const DAY_MS = 86_400_000;
/** Kinds of rows looked at before a partition is treated row by row. */
const MOST_KINDS = 10_000;
const PROJECTS_A_STATEMENT = 20;
/** A trace's row says which tags it has, so it goes after what belongs to it. */
const ORDER: readonly TableName[] = ['observations', 'scores', 'otel_logs', 'otel_metrics', 'dead_letters', 'traces'];
/** Rows with tags of their own; the others have their trace's, or none. */
const TAGGED: readonly TableName[] = ['observations', 'traces'];

export interface Swept {
  partitions: number;
  rows: number;
  bytes: number;
}

/** Removes what has outlived its age at `nowMs`. */
export async function sweepRows(analytics: Analytics, policies: ReadonlyMap<string, RetentionPolicy>, nowMs: number): Promise<Swept> {
  const swept: Swept = { partitions: 0, rows: 0, bytes: 0 };
  const partitions = await storedPartitions(analytics);
  for (const table of ORDER) {
    for (const partition of partitions.filter((stored) => stored.table === table)) {
      if (await isOver(analytics, partition, policies, nowMs)) {
        await distrust(analytics, partition);
        await dropPartition(analytics, partition);
        swept.partitions += 1;
        swept.rows += partition.rows;
        swept.bytes += partition.bytes;
      } else swept.rows += await removeByRow(analytics, partition, policies, nowMs);
    }
  }
  return swept;
}

/** What was added up of a week that loses rows; a gateway call that goes may let another observation count. */
async function distrust(analytics: Analytics, { table, weekEndMs }: StoredPartition): Promise<void> {
  if (table !== 'observations') return;
  const span = { beginMs: Math.max(0, weekEndMs - 7 * DAY_MS - REACH_MS), endMs: weekEndMs + REACH_MS };
  await markDirty(analytics, EVERY_PROJECT, span, Date.now());
}

/** Whether a partition's age has passed, and no rule of today would keep a row of it longer. */
async function isOver(analytics: Analytics, partition: StoredPartition, policies: ReadonlyMap<string, RetentionPolicy>, nowMs: number): Promise<boolean> {
  const { table, retentionClass, weekEndMs } = partition;
  const days = retentionClass === null ? null : daysOfClass(retentionClass);
  if (days === null || weekEndMs + days * DAY_MS > nowMs) return false;
  const tags = TAGGED.includes(table) ? sql`tags` : sql`CAST([], 'Array(String)')`;
  const kinds = await analytics.query<{ project_id: string; environment: string; tags: string[] }>(sql`
    SELECT DISTINCT project_id, environment, ${tags} AS tags FROM ${tableIs(table)} WHERE _partition_id = ${text(partition.id)} LIMIT 10000`);
  if (kinds.length >= MOST_KINDS) return false;
  return kinds.every((kind) => {
    const policy = policies.get(kind.project_id);
    // Nobody's rows any longer.
    if (policy === undefined) return true;
    if (table === 'traces' && policy.rules.some((rule) => rule.tag !== undefined)) return false;
    const today = daysOfClass(classOf(policy, kind.environment, kind.tags));
    return today !== null && today <= days;
  });
}

async function removeByRow(analytics: Analytics, partition: StoredPartition, policies: ReadonlyMap<string, RetentionPolicy>, nowMs: number): Promise<number> {
  const ageDays = Math.floor((nowMs - partition.weekEndMs) / DAY_MS);
  const conditions = [...policies].flatMap(([projectId, policy]) => expiredRows(partition.table, projectId, policy, ageDays) ?? []);
  let removed = 0;
  for (let start = 0; start < conditions.length; start += PROJECTS_A_STATEMENT) {
    const condition = sql`(${join(conditions.slice(start, start + PROJECTS_A_STATEMENT), ' OR ')})`;
    const rows = await countRows(analytics, partition.table, condition, partition.id);
    if (rows === 0) continue;
    await distrust(analytics, partition);
    await deleteRows(analytics, partition.table, condition, partition.id);
    removed += rows;
  }
  return removed;
}

/** The rows of a project whose age has come when their week ended so many days ago; null when none has. */
function expiredRows(table: TableName, projectId: string, policy: RetentionPolicy, ageDays: number): SqlFragment | null {
  const shortest = shortestDays(policy);
  if (shortest === null || shortest > ageDays) return null;
  const project = sql`project_id = ${text(projectId)}`;
  // A dead letter belongs to no environment: it is a copy of something refused.
  if (table === 'dead_letters') return project;
  const isOverAt = (days: number): SqlFragment => (days > 0 && days <= ageDays ? sql`1` : sql`0`);
  if (policy.rules.length === 0) return project;
  const cases = policy.rules.map((rule) => sql`${fits(table, projectId, rule)}, ${isOverAt(rule.days)}`);
  const verdict = sql`multiIf(${join(cases, ', ')}, ${isOverAt(policy.days)}) = 1`;
  const unneeded = table === 'traces' && policy.rules.some((rule) => rule.tag !== undefined) ? sql` AND ${nothingLeftOf(projectId)}` : sql``;
  return sql`(${project} AND ${verdict}${unneeded})`;
}

function fits(table: TableName, projectId: string, { environment, tag }: RetentionRule): SqlFragment {
  const parts: SqlFragment[] = [];
  if (environment !== undefined) parts.push(sql`environment = ${text(environment)}`);
  if (tag !== undefined) parts.push(sql`(${hasTag(table, projectId, tag)})`);
  return join(parts, ' AND ');
}

/** An observation, a score or a log record has the tags of its trace. */
function hasTag(table: TableName, projectId: string, tag: string): SqlFragment {
  if (table === 'otel_metrics') return sql`0`;
  const tagged = sql`project_id = ${text(projectId)} AND has(tags, ${text(tag)})`;
  const ofTrace = sql`trace_id IN (SELECT id FROM traces WHERE ${tagged}) OR trace_id IN (SELECT trace_id FROM observations WHERE ${tagged})`;
  if (table === 'scores' || table === 'otel_logs') return ofTrace;
  return table === 'observations' ? sql`has(tags, ${text(tag)}) OR ${ofTrace}` : sql`has(tags, ${text(tag)})`;
}

function nothingLeftOf(projectId: string): SqlFragment {
  const project = sql`project_id = ${text(projectId)}`;
  return sql`id NOT IN (SELECT trace_id FROM observations WHERE ${project}) AND id NOT IN (SELECT trace_id FROM scores WHERE ${project})`;
}
