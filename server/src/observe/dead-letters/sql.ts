// Reads of events and rows that could not be stored, and their removal.
import { deleteRows } from '#observe/life/remove-rows.ts';
import { FINAL_SETTINGS } from '#observe/store/newest.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { instant, join, type SqlFragment, sql, text, texts, uint32, uint64 } from '#stores/analytics/sql.ts';

/** Which letters of a project. */
export interface LetterFilter {
  projectId: string;
  ids?: readonly string[] | undefined;
  place?: string | undefined;
  reason?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export interface LetterKey {
  id: string;
  received_at: string;
}

export interface LetterSummary extends LetterKey {
  sequence: string;
  place: string;
  reason: string;
  /** Bytes of the content. */
  size: string;
  beginning: string;
}

export interface Letter {
  id: string;
  received_at: string;
  sequence: string;
  place: string;
  reason: string;
  content: string;
}

/** A letter has no id of its own: its journal sequence, and a hash of where and what. */
const ID = sql`concat(toString(sequence), '-', lower(hex(sipHash64(place, content))))`;
const ID_FORM = /^(\d{1,20})-[0-9a-f]{1,16}$/;

/** Whether a text may be the id of a letter. */
export const isLetterId = (id: string): boolean => ID_FORM.test(id);

function conditionOf({ projectId, ids, place, reason, from, to }: LetterFilter): SqlFragment {
  const conditions = [sql`project_id = ${text(projectId)}`];
  if (ids !== undefined) {
    const sequences = [...new Set(ids.map((id) => ID_FORM.exec(id)?.[1] ?? '0'))].map((sequence) => sql`${uint64(sequence)}`);
    conditions.push(sequences.length === 0 ? sql`0` : sql`sequence IN (${join(sequences, ', ')})`, sql`${ID} IN ${texts(ids)}`);
  }
  if (place !== undefined) conditions.push(sql`place = ${text(place)}`);
  if (reason !== undefined) conditions.push(sql`reason = ${text(reason)}`);
  if (from !== undefined) conditions.push(sql`received_at >= ${instant(new Date(from))}`);
  if (to !== undefined) conditions.push(sql`received_at < ${instant(new Date(to))}`);
  return join(conditions, ' AND ');
}

/** Newest first; `after` = the last key of the page before. */
export function letterPage(filter: LetterFilter, page: { limit: number; after: LetterKey | null }): SqlFragment {
  const after = page.after === null ? sql`1` : sql`(received_at, id) < (${instant(page.after.received_at)}, ${text(page.after.id)})`;
  return sql`SELECT * FROM (SELECT ${ID} AS id, received_at, toString(sequence) AS sequence, place, reason, length(content) AS size, substringUTF8(content, 1, 300) AS beginning
      FROM dead_letters FINAL WHERE ${conditionOf(filter)}) WHERE ${after} ORDER BY received_at DESC, id DESC LIMIT ${uint32(page.limit)} ${FINAL_SETTINGS}`;
}

/** How many lie where and why, the most frequent first. */
export function letterReasons(filter: LetterFilter): SqlFragment {
  return sql`SELECT place, reason, count() AS count, min(received_at) AS first_at, max(received_at) AS last_at FROM dead_letters FINAL WHERE ${conditionOf(filter)}
    GROUP BY place, reason ORDER BY count DESC, place, reason LIMIT 200 ${FINAL_SETTINGS}`;
}

export function countLetters(filter: LetterFilter): SqlFragment {
  return sql`SELECT count() AS count FROM dead_letters FINAL WHERE ${conditionOf(filter)} ${FINAL_SETTINGS}`;
}

/** Whole letters, the oldest first, as many as fit. */
export function wholeLetters(filter: LetterFilter, limit: number): SqlFragment {
  return sql`SELECT ${ID} AS id, received_at, toString(sequence) AS sequence, place, reason, content FROM dead_letters FINAL WHERE ${conditionOf(filter)}
    ORDER BY received_at, id LIMIT ${uint32(limit)} ${FINAL_SETTINGS}`;
}

/** Takes letters away for good; resolves when no read finds them. @throws AppError 503 when that takes too long. */
export async function removeLetters(analytics: Analytics, filter: LetterFilter): Promise<void> {
  await deleteRows(analytics, 'dead_letters', conditionOf(filter));
}
