// Lets the login library keep its records in ours: its few operations become bound statements on four tables, nothing else can be named.
import { type CustomAdapter, createAdapterFactory } from 'better-auth/adapters';
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

/** Our names for the library's fields that differ by more than nothing. */
export const FIELD_NAMES = {
  user: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
  session: { userId: 'user_id', expiresAt: 'expires_at', ipAddress: 'ip_address', userAgent: 'user_agent', createdAt: 'created_at', updatedAt: 'updated_at' },
  account: {
    userId: 'user_id',
    accountId: 'account_id',
    providerId: 'provider_id',
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    idToken: 'id_token',
    accessTokenExpiresAt: 'access_token_expires_at',
    refreshTokenExpiresAt: 'refresh_token_expires_at',
    createdAt: 'created_at',
    updatedAt: 'updated_at',
  },
  verification: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' },
} as const;

/** A database adapter for better-auth over the records port. */
export function loginAdapter(records: Records): ReturnType<typeof createAdapterFactory> {
  return createAdapterFactory({
    config: { adapterId: 'genai-records', usePlural: false, supportsNumericIds: false, supportsJSON: true, transaction: false },
    adapter: () => adapterOver(records),
  });
}

function adapterOver(records: Records): CustomAdapter {
  const first = async <Row>(statement: Statement): Promise<Row | null> => ((await records.query<Row>(statement))[0] as Row | undefined) ?? null;
  return {
    create: async ({ model, data }) => {
      const names = Object.keys(data).map((name) => column(model, name));
      const values = Object.values(data).map((value) => sql`${value}`);
      const row = await first(sql`INSERT INTO ${table(model)} (${sql.join(names, COMMA)}) VALUES (${sql.join(values, COMMA)}) RETURNING *`);
      return row as typeof data;
    },
    findOne: ({ model, where }) => first(sql`SELECT * FROM ${table(model)} WHERE ${condition(model, where)} LIMIT 1`),
    findMany: ({ model, where, limit, offset, sortBy }) => {
      const order = sortBy ? sql`ORDER BY ${column(model, sortBy.field)} ${sortBy.direction === 'desc' ? sql`DESC` : sql`ASC`}` : sql``;
      return records.query(sql`SELECT * FROM ${table(model)} WHERE ${condition(model, where)} ${order} LIMIT ${limit} OFFSET ${offset ?? 0}`);
    },
    update: ({ model, where, update }) =>
      first(sql`UPDATE ${table(model)} SET ${assignments(model, update as Record<string, unknown>)} WHERE ${condition(model, where)} RETURNING *`),
    updateMany: async ({ model, where, update }) =>
      (await records.query(sql`UPDATE ${table(model)} SET ${assignments(model, update)} WHERE ${condition(model, where)} RETURNING id`)).length,
    delete: async ({ model, where }) => {
      await records.query(sql`DELETE FROM ${table(model)} WHERE ${condition(model, where)}`);
    },
    deleteMany: async ({ model, where }) => (await records.query(sql`DELETE FROM ${table(model)} WHERE ${condition(model, where)} RETURNING id`)).length,
    count: async ({ model, where }) =>
      Number((await first<{ count: string }>(sql`SELECT count(*) AS count FROM ${table(model)} WHERE ${condition(model, where)}`))?.count ?? 0),
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
