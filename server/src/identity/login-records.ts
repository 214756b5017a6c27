// Lets the login library keep its records in ours: its few operations become bound statements on four tables, nothing else can be named.
import type { Records, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';

const TIMES = ['created_at', 'updated_at'] as const;
/** Table -> its columns: what a statement of the library may name. */
const COLUMNS = {
  users: ['id', 'name', 'email', 'email_verified', 'image', 'must_change_password', ...TIMES],
  sessions: ['id', 'user_id', 'token', 'expires_at', 'ip_address', 'user_agent', ...TIMES],
  accounts: [
    'id',
    'user_id',
    'account_id',
    'provider_id',
    'access_token',
    'refresh_token',
    'id_token',
    'access_token_expires_at',
    'refresh_token_expires_at',
    'scope',
    'password',
    ...TIMES,
  ],
  verifications: ['id', 'identifier', 'value', 'expires_at', ...TIMES],
} as const;
type Table = keyof typeof COLUMNS;
const TABLES = Object.keys(COLUMNS) as Table[];

/** The library's condition, as far as it is used here. */
interface Condition {
  field: string;
  value: unknown;
  operator?: string | undefined;
  connector?: 'AND' | 'OR' | undefined;
}

/** What the login process asks for: the name of an operation and its arguments as the library gives them. */
export interface RecordsOperation {
  model: string;
  data?: Record<string, unknown>;
  where?: readonly Condition[];
  update?: Record<string, unknown>;
  limit?: number;
  offset?: number;
  sortBy?: { field: string; direction: 'asc' | 'desc' };
}

export type OperationName = 'create' | 'findOne' | 'findMany' | 'update' | 'updateMany' | 'delete' | 'deleteMany' | 'count';
export type LoginRecords = Record<OperationName, (operation: RecordsOperation) => Promise<unknown>>;

/** The library's operations over the records port. Rows go out with our column names. @throws RangeError for a table or column that is not on the list. */
export function loginRecords(records: Records): LoginRecords {
  const first = async (statement: Statement): Promise<Record<string, unknown> | null> => (await records.query(statement))[0] ?? null;
  return {
    create: ({ model, data = {} }) => {
      const names = Object.keys(data).map((name) => column(model, name));
      const values = Object.values(data).map((value) => sql`${value}`);
      return first(sql`INSERT INTO ${table(model)} (${sql.join(names, COMMA)}) VALUES (${sql.join(values, COMMA)}) RETURNING *`);
    },
    findOne: ({ model, where }) => first(sql`SELECT * FROM ${table(model)} WHERE ${condition(model, where)} LIMIT 1`),
    findMany: ({ model, where, limit, offset, sortBy }) => {
      const order = sortBy ? sql`ORDER BY ${column(model, sortBy.field)} ${sortBy.direction === 'desc' ? sql`DESC` : sql`ASC`}` : sql``;
      return records.query(sql`SELECT * FROM ${table(model)} WHERE ${condition(model, where)} ${order} LIMIT ${limit ?? 100} OFFSET ${offset ?? 0}`);
    },
    update: ({ model, where, update = {} }) =>
      first(sql`UPDATE ${table(model)} SET ${assignments(model, update)} WHERE ${condition(model, where)} RETURNING *`),
    updateMany: async ({ model, where, update = {} }) =>
      (await records.query(sql`UPDATE ${table(model)} SET ${assignments(model, update)} WHERE ${condition(model, where)} RETURNING id`)).length,
    delete: async ({ model, where }) => {
      await records.query(sql`DELETE FROM ${table(model)} WHERE ${condition(model, where)}`);
    },
    deleteMany: async ({ model, where }) => (await records.query(sql`DELETE FROM ${table(model)} WHERE ${condition(model, where)} RETURNING id`)).length,
    count: async ({ model, where }) => Number((await first(sql`SELECT count(*) AS count FROM ${table(model)} WHERE ${condition(model, where)}`))?.count ?? 0),
  };
}

const COMMA = sql`, `;

function table(model: string): Statement {
  return sql`${sql.identifier(model, TABLES)}`;
}

function column(model: string, name: string): Statement {
  return sql`${sql.identifier(name, COLUMNS[model as Table] ?? [])}`;
}

function assignments(model: string, update: Record<string, unknown>): Statement {
  return sql.join(
    Object.entries(update).map(([name, value]) => sql`${column(model, name)} = ${value}`),
    COMMA,
  );
}

function condition(model: string, where: readonly Condition[] | undefined): Statement {
  let whole = sql`true`;
  for (const [index, part] of (where ?? []).entries()) {
    const one = comparison(column(model, part.field), part.operator ?? 'eq', part.value);
    if (index === 0) whole = one;
    else whole = part.connector === 'OR' ? sql`(${whole} OR ${one})` : sql`(${whole} AND ${one})`;
  }
  return whole;
}

function comparison(name: Statement, operator: string, value: unknown): Statement {
  switch (operator) {
    case 'eq':
      return value === null ? sql`${name} IS NULL` : sql`${name} = ${value}`;
    case 'ne':
      return sql`${name} IS DISTINCT FROM ${value}`;
    case 'lt':
      return sql`${name} < ${value}`;
    case 'lte':
      return sql`${name} <= ${value}`;
    case 'gt':
      return sql`${name} > ${value}`;
    case 'gte':
      return sql`${name} >= ${value}`;
    case 'in':
      return sql`${name} = ANY(${value})`;
    default:
      throw new RangeError(`the login adapter does not know the operator ${operator}`);
  }
}
