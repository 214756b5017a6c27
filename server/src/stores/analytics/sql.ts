// The tagged template that makes analytics statements: values are always bound as typed {pN:Type} placeholders, identifiers come from fixed lists, text comes from the source code only.
import type { AnalyticsStatement } from './port.ts';

/** ClickHouse types that a bound value may have. */
export type BoundType =
  | 'String'
  | 'Array(String)'
  | 'Array(UInt64)'
  | 'UInt8'
  | 'UInt32'
  | 'UInt64'
  | 'Int64'
  | 'Float64'
  | 'Decimal(38, 12)'
  | "DateTime64(6, 'UTC')"
  | 'Array(Tuple(String, String))';

/** A value with the ClickHouse type it is bound as; made by the functions below. */
export interface BoundValue {
  readonly kind: 'bound';
  readonly type: BoundType;
  readonly value: unknown;
}

/** A piece of SQL with its bound values: a statement of its own and a part of larger ones. */
export interface SqlFragment extends AnalyticsStatement {
  readonly kind: 'sql';
  readonly pieces: readonly string[];
  readonly bound: readonly BoundValue[];
}

function bind(type: BoundType, value: unknown): BoundValue {
  return { kind: 'bound', type, value };
}

/** Binds text; NUL and every other character is data. */
export const text = (value: string): BoundValue => bind('String', value.toWellFormed());
/** Binds a list of texts. */
export const texts = (values: readonly string[]): BoundValue =>
  bind(
    'Array(String)',
    values.map((value) => value.toWellFormed()),
  );
/** Binds an unsigned whole number up to 2^32 - 1. */
export const uint32 = (value: number): BoundValue => bind('UInt32', value);
/** Binds an unsigned 64-bit whole number, given as bigint or decimal text. */
export const uint64 = (value: bigint | string): BoundValue => bind('UInt64', String(value));
/** Binds a list of unsigned whole numbers that a double holds. */
export const uint64s = (values: readonly number[]): BoundValue => bind('Array(UInt64)', [...values]);
/** Binds a floating point number; it must be finite. */
export const float64 = (value: number): BoundValue => bind('Float64', value);
/** Binds money or a price: a decimal string. */
export const decimal = (value: string): BoundValue => bind('Decimal(38, 12)', value);

/** Binds an instant from a Date or from ISO text in UTC ("2026-11-23T21:40:00.123456Z"), to the microsecond. */
export function instant(value: Date | string): BoundValue {
  const iso = typeof value === 'string' ? value : value.toISOString();
  return bind("DateTime64(6, 'UTC')", iso.replace('T', ' ').replace('Z', ''));
}

/** An identifier or keyword out of a fixed list. @throws RangeError when it is not in the list. */
export function oneOf<Name extends string>(allowed: readonly Name[], value: string): SqlFragment {
  const found = allowed.find((name) => name === value);
  if (found === undefined) throw new RangeError(`not one of the known names: ${value.slice(0, 60)}`);
  return fragment([found], []);
}

/**
 * SQL from a template literal. An interpolation is a bound value (text(), instant(), ...) or another fragment; a bare string or number is refused by the types and at run time.
 * @throws TypeError when an interpolation is neither.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly (BoundValue | SqlFragment)[]): SqlFragment {
  const pieces: string[] = [strings[0] as string];
  const bound: BoundValue[] = [];
  values.forEach((value, index) => {
    if (value?.kind === 'bound') {
      bound.push(value);
      pieces.push('');
    } else if (value?.kind === 'sql') append(pieces, bound, value);
    else throw new TypeError('only bound values and SQL fragments may stand in a statement');
    pieces[pieces.length - 1] += strings[index + 1] as string;
  });
  return fragment(pieces, bound);
}

function append(pieces: string[], bound: BoundValue[], part: SqlFragment): void {
  pieces[pieces.length - 1] += part.pieces[0] as string;
  pieces.push(...part.pieces.slice(1));
  bound.push(...part.bound);
}

/** Fragments one after the other with a fixed separator between them; '' when there are none. */
export function join(parts: readonly SqlFragment[], separator: ', ' | ' AND ' | ' OR ' | ' UNION ALL '): SqlFragment {
  const pieces = [''];
  const bound: BoundValue[] = [];
  parts.forEach((part, index) => {
    if (index > 0) pieces[pieces.length - 1] += separator;
    append(pieces, bound, part);
  });
  return fragment(pieces, bound);
}

/** SQL that was put together from constants of the source (DDL templates, column lists); never from anything that a caller sent. */
export function constantSql(ddl: string): SqlFragment {
  return fragment([ddl], []);
}

function fragment(pieces: readonly string[], bound: readonly BoundValue[]): SqlFragment {
  let body = pieces[0] as string;
  const parameters: Record<string, unknown> = {};
  bound.forEach((value, index) => {
    body += `{p${index}:${value.type}}${pieces[index + 1]}`;
    parameters[`p${index}`] = value.value;
  });
  return { kind: 'sql', pieces, bound, text: body, parameters };
}

/** Engine settings as a SETTINGS clause; a statement that ends with one of its own gets the additional ones appended to it. */
export function withSettings(body: string, settings: Readonly<Record<string, string | number>>): string {
  const list = Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`}`)
    .join(', ');
  return /\bSETTINGS\b[^()]*$/.test(body) ? `${body}, ${list}` : `${body} SETTINGS ${list}`;
}
