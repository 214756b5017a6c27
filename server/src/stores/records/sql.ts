// The `sql` tag: the only way to make a Statement. Interpolated values become $n parameters, never text.
import type { Statement } from './port.ts';

const made = new WeakSet<object>();

/** Names of columns and sort directions that a statement may be composed of at run time; made only by `sql.identifier`. */
class Identifier {
  readonly quoted: string;
  constructor(quoted: string) {
    this.quoted = quoted;
  }
}

/**
 * Makes a Statement from a template. A nested Statement is spliced in with its values renumbered, an `sql.identifier` as a quoted name;
 * everything else is bound as $n.
 */
export function sql(strings: TemplateStringsArray, ...parts: unknown[]): Statement {
  if (!Array.isArray(strings) || !Object.isFrozen(strings) || !Array.isArray(strings.raw)) {
    throw new TypeError('sql is a template tag: write sql`…` and let it bind the values');
  }
  if (strings.some((chunk) => /\$\d/.test(chunk))) throw new TypeError('sql: bind values by interpolation, never with a written placeholder');
  let text = strings[0] as string;
  const values: unknown[] = [];
  for (const [index, part] of parts.entries()) {
    if (part instanceof Identifier) text += part.quoted;
    else if (isStatement(part)) text += splice(part, values);
    else text += `$${values.push(part)}`;
    text += strings[index + 1];
  }
  return register(text, values);
}

/**
 * A column or table name chosen at run time, from a fixed list.
 * @throws RangeError when `name` is not in `allowed`.
 */
sql.identifier = function identifier<Name extends string>(name: string, allowed: readonly Name[]): Identifier {
  const found = allowed.find((candidate) => candidate === name);
  if (found === undefined) throw new RangeError('sql.identifier: the name is not in its list');
  if (!/^[a-z_][a-z0-9_]*$/.test(found)) throw new RangeError('sql.identifier: names are lower-case letters, digits and underscores');
  return new Identifier(`"${found}"`);
};

/** Statements one after the other with a separator written in the code, for example `sql.join(conditions, sql` AND `)`. */
sql.join = function join(statements: readonly Statement[], separator: Statement): Statement {
  let text = '';
  const values: unknown[] = [];
  for (const [index, statement] of statements.entries()) {
    if (!isStatement(statement) || !isStatement(separator)) throw new TypeError('sql.join takes statements made by the sql tag');
    if (index > 0) text += splice(separator, values);
    text += splice(statement, values);
  }
  return register(text, values);
};

/** The text of a migration file of this repository, as it is, without values. For migrate.ts only. */
export function migrationScript(text: string): Statement {
  return register(text, []);
}

/** A statement put together from what the database's own catalogue says (constraint definitions, quoted names) or from constants; never from what a caller sent. */
export function catalogScript(text: string): Statement {
  return register(text, []);
}

/** The SQLSTATE of an error that PostgreSQL reported (for example 23505, unique_violation), else null. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** True for a unique violation, of the named constraint or index when one is given. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return sqlState(error) === '23505' && (constraint === undefined || (error as { constraint?: unknown }).constraint === constraint);
}

/** True for a Statement made by the tag; a look-alike object (from JSON, say) is a value, not SQL. */
export function isStatement(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && made.has(value);
}

function register(text: string, values: readonly unknown[]): Statement {
  const statement = Object.freeze({ text, values: Object.freeze(values) });
  made.add(statement);
  return statement;
}

/** Appends the nested values to `into` and renumbers the nested placeholders. Safe because the tag refuses a written $n. */
function splice(nested: Statement, into: unknown[]): string {
  const offset = into.length;
  into.push(...nested.values);
  return offset === 0 ? nested.text : nested.text.replace(/\$(\d+)/g, (_, digits: string) => `$${Number(digits) + offset}`);
}
