// A mapping of the configuration read key by key: resolves os.environ/NAME, checks types, knows the line of each key and which keys nobody asked for.
import type { Notes } from './notes.ts';
import type { ConfigPath, YamlSource } from './yaml-source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const ENVIRONMENT_PREFIX = 'os.environ/';

export interface NumberRule {
  integer?: boolean;
  min?: number;
  max?: number;
}

/** A mapping node. Reads never throw: a wrong type becomes a fault with its line and reads as null. */
export class Section {
  readonly source: YamlSource;
  readonly path: ConfigPath;
  /** Names of variables that values asked for and that are not set (or empty). */
  readonly missing: string[] = [];
  readonly #values: Record<string, unknown>;
  readonly #environment: Environment;
  readonly #notes: Notes;
  readonly #asked = new Set<string>();

  constructor(source: YamlSource, path: ConfigPath, values: Record<string, unknown>, context: { environment: Environment; notes: Notes }) {
    this.source = source;
    this.path = path;
    this.#values = values;
    this.#environment = context.environment;
    this.#notes = context.notes;
  }

  get notes(): Notes {
    return this.#notes;
  }
  get environment(): Environment {
    return this.#environment;
  }

  /** The same mapping with `values` where it says nothing of its own; variables in them are resolved when they are read. */
  withDefaults(values: Readonly<Record<string, unknown>>): Section {
    return new Section(this.source, this.path, { ...values, ...this.#values }, { environment: this.#environment, notes: this.#notes });
  }

  /** The mapping as it was written, variables unresolved. */
  written(): Readonly<Record<string, unknown>> {
    for (const key of Object.keys(this.#values)) this.#asked.add(key);
    return this.#values;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key) && this.#values[key] !== null && this.#values[key] !== undefined;
  }

  keys(): string[] {
    return Object.keys(this.#values);
  }

  /** The value with every os.environ/NAME inside it replaced; undefined when the key is absent or null. */
  raw(key: string): unknown {
    this.#asked.add(key);
    return this.has(key) ? this.#resolve(this.#values[key], 0) : undefined;
  }

  /** Text; numbers and booleans are taken as they were written, because YAML reads `api_version: 1` as a number. */
  text(key: string): string | null {
    const value = this.raw(key);
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') return value === '' ? null : value;
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    this.fault(key, 'must be text');
    return null;
  }

  number(key: string, rule: NumberRule = {}): number | null {
    const value = this.raw(key);
    if (value === undefined || value === null || value === '') return null;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'bigint' ? Number(value) : value;
    const wanted = `must be a ${rule.integer ? 'whole ' : ''}number${rule.min === undefined ? '' : ` of ${rule.min} or more`}${rule.max === undefined ? '' : ` and at most ${rule.max}`}`;
    if (
      typeof number !== 'number' ||
      !Number.isFinite(number) ||
      (rule.integer && !Number.isSafeInteger(number)) ||
      (rule.min !== undefined && number < rule.min) ||
      (rule.max !== undefined && number > rule.max)
    ) {
      this.fault(key, wanted);
      return null;
    }
    return number;
  }

  boolean(key: string): boolean | null {
    const value = this.raw(key);
    if (value === undefined || value === null) return null;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(true|yes|on|1)$/i.test(value)) return true;
    if (typeof value === 'string' && /^(false|no|off|0)$/i.test(value)) return false;
    this.fault(key, 'must be true or false');
    return null;
  }

  /** A list; a single text counts as a list of one (LiteLLM accepts both for callbacks). */
  list(key: string): unknown[] {
    const value = this.raw(key);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    if (typeof value === 'string') return [value];
    this.fault(key, 'must be a list');
    return [];
  }

  texts(key: string): string[] {
    const entries = this.list(key);
    for (const [index, entry] of entries.entries()) if (typeof entry !== 'string') this.fault([key, index], 'must be text');
    return entries.filter((entry) => typeof entry === 'string');
  }

  /** The mapping under `key` (an empty one when absent). Values are resolved when they are read from it. */
  section(key: string): Section {
    this.#asked.add(key);
    return this.#child([key], this.#values[key]);
  }

  /** The mappings of the list under `key`; an entry that is not a mapping is a fault and is left out. */
  sections(key: string): Section[] {
    this.#asked.add(key);
    const value = this.has(key) ? this.#values[key] : [];
    if (!Array.isArray(value)) {
      this.fault(key, 'must be a list');
      return [];
    }
    return value.flatMap((entry: unknown, index) => {
      if (isRecord(entry)) return [this.#child([key, index], entry)];
      this.fault([key, index], 'must be a mapping with keys');
      return [];
    });
  }

  fault(key: string | ConfigPath, message: string): void {
    this.#notes.error(this.place(key), message);
  }
  warn(key: string | ConfigPath, message: string): void {
    this.#notes.warning(this.place(key), message);
  }

  /** Place of a key of this section, for notes. */
  place(key: string | ConfigPath): { file: string; path: string; line: number | null } {
    const path = [...this.path, ...(typeof key === 'string' ? [key] : key)];
    return { file: this.source.file, path: formatPath(path), line: this.source.lineOf(path) };
  }

  /** Marks keys as understood without reading them. */
  ignore(keys: Iterable<string>): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** Keys that nobody asked for, in file order. */
  leftOver(): string[] {
    return this.keys().filter((key) => !this.#asked.has(key));
  }

  #child(path: ConfigPath, value: unknown): Section {
    const usable = isRecord(value);
    if (!usable && value !== undefined && value !== null) this.fault(path, 'must be a mapping with keys');
    return new Section(this.source, [...this.path, ...path], usable ? value : {}, { environment: this.#environment, notes: this.#notes });
  }

  #resolve(value: unknown, depth: number): unknown {
    if (typeof value === 'string') {
      if (!value.startsWith(ENVIRONMENT_PREFIX)) return value;
      const name = value.slice(ENVIRONMENT_PREFIX.length);
      const found = this.#environment[name];
      if (found !== undefined && found !== '') return found;
      if (!this.missing.includes(name)) this.missing.push(name);
      return null;
    }
    if (depth > 20 || value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((entry) => this.#resolve(entry, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, this.#resolve(entry, depth + 1)]));
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** ["model_list", 0, "litellm_params"] -> "model_list[0].litellm_params". */
function formatPath(path: ConfigPath): string {
  return path.map((segment, index) => (typeof segment === 'number' ? `[${segment}]` : `${index === 0 ? '' : '.'}${segment}`)).join('');
}
