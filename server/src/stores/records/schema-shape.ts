// The shape of our schema as the catalogue gives it, and what a later shape takes from those who know only the earlier one: expand now, contract in a release after next.
import type { RecordsSession } from './port.ts';
import { sql } from './sql.ts';

export interface ColumnShape {
  type: string;
  notNull: boolean;
  /** A default, or a value that the server makes (identity, generated). */
  hasValue: boolean;
}

export interface ConstraintShape {
  definition: string;
  columns: readonly string[];
}

export interface Shape {
  columns: Readonly<Record<string, Readonly<Record<string, ColumnShape>>>>;
  /** Table -> its checks, unique and foreign keys, with the columns that they name. */
  constraints: Readonly<Record<string, readonly ConstraintShape[]>>;
}

/** Reads the shape of schema `genai`; partitions are parts of their table. */
export async function readShape(session: RecordsSession): Promise<Shape> {
  const columns = await session.query<{ table: string; name: string; type: string; not_null: boolean; has_value: boolean }>(sql`
    SELECT relname AS table, attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS not_null, atthasdef OR attidentity <> '' AS has_value
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'genai'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migrations' AND attnum > 0 AND NOT attisdropped
    ORDER BY relname, attnum`);
  const constraints = await session.query<ConstraintShape & { table: string }>(sql`
    SELECT relname AS table, pg_get_constraintdef(pg_constraint.oid) AS definition,
      ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)) AS columns
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE connamespace = 'genai'::regnamespace AND relname <> 'migrations' AND NOT relispartition AND contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT t.relname, pg_get_indexdef(indexrelid), ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = t.oid AND attnum = ANY (indkey)) FROM pg_index JOIN pg_class t ON t.oid = indrelid
    WHERE t.relnamespace = 'genai'::regnamespace AND indisunique AND NOT indisprimary AND NOT t.relispartition AND t.relname <> 'migrations'
      AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY 1, 2`);
  const shape: { columns: Record<string, Record<string, ColumnShape>>; constraints: Record<string, ConstraintShape[]> } = { columns: {}, constraints: {} };
  for (const { table, name, type, not_null, has_value } of columns) {
    const of = shape.columns[table] ?? {};
    of[name] = { type, notNull: not_null, hasValue: has_value };
    shape.columns[table] = of;
  }
  for (const { table, ...constraint } of constraints) shape.constraints[table] = [...(shape.constraints[table] ?? []), constraint];
  return shape;
}

/** Everything that may break statements written for `before`; empty = the previous release keeps working on `after`. */
export function expandFaults(before: Shape, after: Shape): string[] {
  const faults: string[] = [];
  for (const [table, columns] of Object.entries(before.columns)) {
    const now = after.columns[table];
    if (now === undefined) {
      faults.push(`table ${table} is gone`);
      continue;
    }
    for (const [name, column] of Object.entries(columns)) faults.push(...columnFaults(`${table}.${name}`, column, now[name]));
    for (const [name, column] of Object.entries(now)) {
      if (columns[name] === undefined && column.notNull && !column.hasValue)
        faults.push(`${table}.${name} is new and must be given: rows of the previous release are refused`);
    }
    faults.push(...constraintFaults(table, before, after));
  }
  return faults;
}

function columnFaults(name: string, before: ColumnShape, now: ColumnShape | undefined): string[] {
  if (now === undefined) return [`${name} is gone`];
  const faults: string[] = [];
  if (now.type !== before.type) faults.push(`${name} was ${before.type} and is ${now.type}`);
  if (now.notNull && !before.notNull) faults.push(`${name} may not be null any more`);
  if (before.hasValue && !now.hasValue && now.notNull) faults.push(`${name} has lost its default`);
  return faults;
}

/** Columns that came with the constraint and are null in older rows cannot break them; any other new constraint is for people to judge, also one that only widens an old one. */
function constraintFaults(table: string, before: Shape, after: Shape): string[] {
  const [known, now] = [before.columns[table] ?? {}, after.columns[table] ?? {}];
  const isNew = (column: string): boolean => known[column] === undefined && now[column]?.hasValue === false;
  return (after.constraints[table] ?? [])
    .filter(({ definition }) => before.constraints[table]?.some((old) => old.definition === definition) !== true)
    .filter(({ columns }) => columns.length === 0 || !columns.every(isNew))
    .map(({ definition }) => `${table} has a new constraint that older rows may not meet: ${definition}`);
}
