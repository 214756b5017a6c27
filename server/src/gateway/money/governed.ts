// End users and tags with rules of their own, all in memory and told of every change: the data plane asks them without waiting.
import type { GovernedLevel, GovernedLevels } from '#gateway/ports.ts';
import { accountOf, carriedOf, governingOf } from '#identity/governing.ts';
import { parsePicos } from '#lib/money.ts';
import type { Records, Statement } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { BudgetBook } from './budgets.ts';
import type { Ledger } from './ledger.ts';
import { openWindows } from './window-spend.ts';

export interface GovernedDirectory extends GovernedLevels {
  /** Reads a level again after a change of it; `budget` concerns everybody who shares it. Other kinds are not held here. @throws when PostgreSQL is away. */
  changed(kind: string, subject: string): Promise<void>;
  /** Levels in memory. */
  size(): number;
  close(): Promise<void>;
}

export interface GovernedOptions {
  records: Records;
  budgets: BudgetBook;
  ledger: Pick<Ledger, 'flush'>;
  timezone: string;
  log: Log;
  /** The channel on which the migrations' triggers tell changes. */
  channel: string;
}

interface GovernedRow {
  kind: 'end_user' | 'tag';
  subject: string;
  spend: string;
  max_budget: string | null;
  rpm_limit: string | null;
  tpm_limit: string | null;
  max_parallel_requests: string | null;
  model_limits: Record<string, unknown>;
  resets_at: Date | null;
  blocked: boolean;
}

/** Loads every level that has a rule and follows changes made elsewhere. */
export async function openGoverned(options: GovernedOptions): Promise<GovernedDirectory> {
  const directory = new MemoryGoverned(options);
  await directory.load();
  return directory;
}

class MemoryGoverned implements GovernedDirectory {
  readonly #options: GovernedOptions;
  readonly #levels = { end_user: new Map<string, GovernedLevel>(), tag: new Map<string, GovernedLevel>() };
  #stopListening: (() => Promise<void>) | null = null;
  /** Readings follow one another: an older answer must never overwrite a newer one. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: GovernedOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#levels.end_user.size === 0 && this.#levels.tag.size === 0;
  }

  endUser(id: string): GovernedLevel | null {
    return this.#levels.end_user.get(id) ?? null;
  }

  tag(name: string): GovernedLevel | null {
    return this.#levels.tag.get(name) ?? null;
  }

  async load(): Promise<void> {
    const { records, log, channel } = this.#options;
    const failed = (error: unknown): void => log.warn('the rules of an end user or a tag could not be read again', { error });
    this.#stopListening = await records.listen(
      channel,
      (payload) => {
        const colon = payload.indexOf(':');
        void this.changed(payload.slice(0, colon), payload.slice(colon + 1)).catch(failed);
      },
      () => void this.#read(null, null).catch(failed),
    );
    await this.#read(null, null);
  }

  async changed(kind: string, subject: string): Promise<void> {
    if (kind === 'budget') await this.#read(null, null);
    else if (kind === 'end_user' || kind === 'tag') await this.#read(kind, subject);
  }

  size(): number {
    return this.#levels.end_user.size + this.#levels.tag.size;
  }

  async close(): Promise<void> {
    await this.#stopListening?.();
  }

  #read(kind: 'end_user' | 'tag' | null, subject: string | null): Promise<void> {
    const reading = this.#last.catch(() => {}).then(() => this.#readNow(kind, subject));
    this.#last = reading;
    return reading;
  }

  async #readNow(kind: 'end_user' | 'tag' | null, subject: string | null): Promise<void> {
    const { records, budgets, ledger } = this.#options;
    const condition = kind === null ? sql`s.kind IN ('end_user', 'tag')` : sql`s.kind = ${kind} AND s.subject = ${subject}`;
    // What was spent before the level had a rule must be in the records before it is read.
    await ledger.flush();
    const rows = await records.query<GovernedRow>(governedRows(condition));
    const fresh = new Map<string, GovernedLevel>();
    for (const row of rows) {
      const level = toLevel(row);
      budgets.adopt(accountOf(row.kind, row.subject), parsePicos(row.spend));
      await openWindows(this.#options, level.governing.claims);
      fresh.set(`${row.kind}:${row.subject}`, level);
    }
    for (const name of kind === null ? (['end_user', 'tag'] as const) : [kind]) this.#replace(name, subject, fresh);
  }

  /** Puts what was read in place of what was held: of one level, or of the whole kind. */
  #replace(kind: 'end_user' | 'tag', subject: string | null, fresh: ReadonlyMap<string, GovernedLevel>): void {
    const held = this.#levels[kind];
    const prefix = `${kind}:`;
    for (const id of subject === null ? [...held.keys()] : [subject]) if (!fresh.has(prefix + id)) held.delete(id);
    for (const [name, level] of fresh) if (name.startsWith(prefix)) held.set(name.slice(prefix.length), level);
  }
}

function governedRows(condition: Statement): Statement {
  return sql`
    SELECT s.kind, s.subject, s.spend, COALESCE(s.max_budget, b.max_budget) AS max_budget, COALESCE(s.rpm_limit, b.rpm_limit) AS rpm_limit,
      COALESCE(s.tpm_limit, b.tpm_limit) AS tpm_limit, COALESCE(s.max_parallel_requests, b.max_parallel_requests) AS max_parallel_requests,
      COALESCE(b.model_limits, '{}') || s.model_limits AS model_limits, COALESCE(s.budget_reset_at, b.budget_reset_at) AS resets_at, s.blocked
    FROM spend_limits s LEFT JOIN spend_limits b ON b.kind = 'budget' AND b.subject = s.budget_id
    WHERE ${condition} AND s.is_registered AND (s.blocked OR COALESCE(s.max_budget, b.max_budget) IS NOT NULL OR COALESCE(s.rpm_limit, b.rpm_limit) IS NOT NULL
      OR COALESCE(s.tpm_limit, b.tpm_limit) IS NOT NULL OR COALESCE(s.max_parallel_requests, b.max_parallel_requests) IS NOT NULL
      OR COALESCE(b.model_limits, '{}') || s.model_limits <> '{}')`;
}

function toLevel(row: GovernedRow): GovernedLevel {
  const governing = governingOf(row.kind, row.subject, {
    maxBudget: row.max_budget,
    rpmLimit: toNumber(row.rpm_limit),
    tpmLimit: toNumber(row.tpm_limit),
    maxParallelRequests: toNumber(row.max_parallel_requests),
    modelLimits: row.model_limits,
    carried: carriedOf(row.model_limits, row.resets_at?.getTime() ?? null),
  });
  return { governing, blocked: row.blocked };
}

const toNumber = (value: string | null): number | null => (value === null ? null : Number(value));
