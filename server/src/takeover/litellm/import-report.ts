// What an import is asked, what it carries along, and what it reports.
import type { Finding } from '#takeover/findings.ts';
import type { TakeoverDeps } from '#takeover/port.ts';
import type { LiteLlmDatabase } from './database.ts';
import type { ImportContext } from './import-steps.ts';

export interface ImportInput {
  readonly databaseUrl: string;
  /** LITELLM_SALT_KEY or the master key, and earlier ones: tried in this order. */
  readonly saltKeys: readonly string[];
  /** False: nothing is written, the report says what would be. */
  readonly apply: boolean;
  /** Calls from this instant on go into the ledger; null: only what they cost in all, as it stands at keys and teams. */
  readonly spendFrom: Date | null;
}

export interface ImportCounts {
  readonly kind: string;
  readonly table: string;
  read: number;
  new: number;
  changed: number;
  unchanged: number;
  refused: number;
}

export interface ImportReport {
  readonly applied: boolean;
  readonly source: { schema: string; tables: number; otherTables: number };
  readonly counts: readonly ImportCounts[];
  readonly findings: readonly Finding[];
  /** Tables with rows that are not taken. */
  readonly left: readonly { table: string; rows: number }[];
  /** How many secrets were opened in which form. */
  readonly secrets: { nacl: number; v2: number; v3: number };
  /** Spend that was added, in dollars by kind of record. */
  readonly spendAdded: Readonly<Record<string, string>>;
  readonly elapsedMs: number;
}

export type Progress = (progress: { kind: string; done: number; total: number }) => void;

export interface ImportRun {
  readonly deps: TakeoverDeps;
  readonly input: ImportInput;
  readonly database: LiteLlmDatabase;
  readonly context: ImportContext;
  readonly progress: Progress;
  /** Picos added by kind of record. */
  readonly added: Map<string, bigint>;
}
