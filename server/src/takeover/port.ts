// What taking over and giving back need from the house: records, the money in memory, who must hear of a change, and sealed models.
import type { Records } from '#stores/records/port.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface StoredModelView {
  readonly id: string;
  readonly modelName: string;
  readonly params: Fields;
  readonly info: Fields;
}

export interface CredentialView {
  readonly name: string;
  readonly values: Fields;
  readonly info: Fields;
}

export interface TakeoverDeps {
  readonly records: Records;
  /** Organisation and project of whatever names none. */
  readonly home: { readonly organizationId: string; readonly projectId: string };
  readonly timezone: string;
  /** gateway/money/budgets.ts: what is spent, in memory or shared. */
  readonly budgets: { adopt(account: string, spentPicos: bigint): void; adjust(account: string, deltaPicos: bigint): void };
  /** Brings settled calls into the records. */
  readonly flushLedger: () => Promise<void>;
  readonly keyChanged: (id: string) => Promise<void>;
  readonly levelChanged: (kind: string, subject: string) => Promise<void>;
  readonly modelsChanged: () => Promise<void>;
  readonly rescheduleBudgets: () => void;
  /** gateway/stored-models.ts. */
  readonly models: {
    problemOf(model: StoredModelView): Promise<string | null>;
    write(model: StoredModelView, actor: string): Promise<void>;
    writeCredential(credential: CredentialView, actor: string): Promise<void>;
    credentials(): Promise<CredentialView[]>;
    find(id: string): Promise<StoredModelView | null>;
  };
}
