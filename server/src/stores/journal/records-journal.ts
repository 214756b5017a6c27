// Money in the records: the statements of `money_journal` and `money_writers`. A writer is one start of a process; it is fenced before another process bills what it left open.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { JournalKind, JournalReader, JournalRecord } from './port.ts';

type Session = Pick<Records, 'query'>;

/** A writer that has not been heard of for so long is dead, as far as money goes. */
export const MONEY_LEASE_SECONDS = 30;
/** Who recovers a writer's money has so long; then another one tries. */
const RECOVERY_SECONDS = 60;

/** One record of a group. */
export interface MoneyLine {
  readonly sequence: bigint;
  readonly kind: JournalKind;
  readonly record: string;
}

/** Registers a new writer. @throws AppError 503 when the records are away. */
export async function registerWriter(records: Session, holder: string): Promise<bigint> {
  const [row] = await records.query<{ id: string }>(sql`
    INSERT INTO money_writers (holder, lease_until) VALUES (${holder}, now() + make_interval(secs => ${MONEY_LEASE_SECONDS})) RETURNING id`);
  return BigInt((row as { id: string }).id);
}

/** Writes a group in one commit; what is there already is left alone, so a group whose fate is unknown may be written again. @returns false when the writer is fenced. */
export async function appendGroup(records: Session, writer: bigint, lines: readonly MoneyLine[]): Promise<boolean> {
  // JSON holds no line break: one text is cheaper to send than an array of quoted ones.
  const texts = lines.map((line) => `${line.kind}${line.record}`).join('\n');
  const sequences = `{${lines.map((line) => line.sequence).join(',')}}`;
  const rows = await records.query(sql`
    WITH writer AS (SELECT id FROM money_writers WHERE id = ${writer.toString()} AND NOT fenced FOR KEY SHARE),
    added AS (
      INSERT INTO money_journal (writer, sequence, kind, record)
      SELECT writer.id, line.sequence, left(line.text, 1)::smallint, substr(line.text, 2)
      FROM writer CROSS JOIN unnest(${sequences}::bigint[], string_to_array(${texts}, chr(10))) AS line (sequence, text)
      ON CONFLICT DO NOTHING
    )
    SELECT id FROM writer`);
  return rows.length > 0;
}

/** Says that the writer lives. @returns false when it is fenced. */
export async function renewWriter(records: Session, writer: bigint): Promise<boolean> {
  const rows = await records.query(sql`
    UPDATE money_writers SET lease_until = now() + make_interval(secs => ${MONEY_LEASE_SECONDS}) WHERE id = ${writer.toString()} AND NOT fenced RETURNING id`);
  return rows.length > 0;
}

/** The writer's process is known to be dead: whoever looks next may recover it. */
export async function abandonWriter(records: Session, writer: bigint): Promise<void> {
  await records.query(sql`UPDATE money_writers SET lease_until = now() - interval '1 second' WHERE id = ${writer.toString()} AND NOT fenced`);
}

/** Fences a writer (this one, or any) whose lease has ended and gives it to the caller, who has a minute to bill what it left; null when there is none. */
export async function claimDeadWriter(records: Session, writer?: bigint): Promise<bigint | null> {
  const only = writer === undefined ? sql`true` : sql`id = ${writer.toString()}`;
  const [row] = await records.query<{ id: string }>(sql`
    UPDATE money_writers SET fenced = true, lease_until = now() + make_interval(secs => ${RECOVERY_SECONDS})
    WHERE id = (SELECT id FROM money_writers WHERE ${only} AND lease_until < now() ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id`);
  return row === undefined ? null : BigInt(row.id);
}

/** The last sequence that a writer wrote; 0 for none. */
export async function lastWritten(records: Session, writer: bigint): Promise<bigint> {
  const [row] = await records.query<{ sequence: string | null }>(sql`SELECT max(sequence) AS sequence FROM money_journal WHERE writer = ${writer.toString()}`);
  return BigInt(row?.sequence ?? 0);
}

/** Removes what the ledger has. */
export async function forgetWritten(records: Session, writer: bigint, untilSequence: bigint): Promise<void> {
  await records.query(sql`DELETE FROM money_journal WHERE writer = ${writer.toString()} AND sequence <= ${untilSequence.toString()}`);
}

/** Removes a writer whose money is all in the ledger, with the ledger's position in it. */
export async function forgetWriter(records: Records, writer: bigint, consumer: string): Promise<void> {
  await records.transaction(async (session) => {
    await session.query(sql`DELETE FROM money_journal WHERE writer = ${writer.toString()}`);
    await session.query(sql`DELETE FROM consumer_positions WHERE name = ${consumer}`);
    await session.query(sql`DELETE FROM money_writers WHERE id = ${writer.toString()}`);
  });
}

/** Removes the position of a writer that somebody else has carried into the ledger. */
export async function forgetPosition(records: Session, writer: bigint, consumer: string): Promise<void> {
  await records.query(sql`
    DELETE FROM consumer_positions WHERE name = ${consumer} AND NOT EXISTS (SELECT 1 FROM money_writers WHERE id = ${writer.toString()})`);
}

const ROWS_A_READ = 2_000;

/** Reads what one writer wrote. */
export function openMoneyReader(records: Session, writer: bigint): JournalReader {
  return {
    async read(afterSequence, { maxBytes, kinds }) {
      const rows = await records.query<{ sequence: string; kind: number; record: string }>(sql`
        SELECT sequence, kind, record FROM money_journal WHERE writer = ${writer.toString()} AND sequence > ${afterSequence.toString()}
        ORDER BY sequence LIMIT ${ROWS_A_READ}`);
      const found: JournalRecord[] = [];
      let lastSequence = afterSequence;
      let bytes = 0;
      for (const { sequence, kind, record } of rows) {
        if (found.length > 0 && bytes + record.length > maxBytes) return { records: found, lastSequence, atEnd: false };
        lastSequence = BigInt(sequence);
        if (kinds !== undefined && !kinds.includes(kind as JournalKind)) continue;
        bytes += record.length;
        found.push({ sequence: lastSequence, kind: kind as JournalKind, project: '', parts: [Buffer.from(record)] });
      }
      return { records: found, lastSequence, atEnd: rows.length < ROWS_A_READ };
    },
    close: async () => {},
  };
}
