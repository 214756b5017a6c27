// Receivers that keys and teams brought along, as rows: address and keys sealed.
import type { Sealer } from '#lib/sealed.ts';
import { type CallbackTarget, callbackKindOf } from '#settings/callback-kinds.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';

export type CallbackScope = 'team' | 'key';

export interface ScopedTargets {
  targets: { scope: CallbackScope; scopeId: string; target: CallbackTarget }[];
  /** Teams whose calls no receiver is told of. */
  silentTeams: ReadonlySet<string>;
}

interface TargetRow {
  scope: CallbackScope;
  scope_id: string;
  name: string;
  on_success: boolean;
  on_failure: boolean;
  sealed_variables: string;
}

export class CallbackRecords {
  readonly #records: Records;
  readonly #sealer: Sealer;
  readonly #log: Log;

  constructor(parts: { records: Records; sealer: Sealer; log: Log }) {
    this.#records = parts.records;
    this.#sealer = parts.sealer;
    this.#log = parts.log;
  }

  /** Everything of teams and keys that there are; a row that cannot be read is named in the log and left out. */
  async all(): Promise<ScopedTargets> {
    const rows = await this.#records.query<TargetRow>(sql`
      SELECT scope, scope_id, name, on_success, on_failure, sealed_variables FROM callback_targets
      WHERE CASE scope WHEN 'team' THEN EXISTS (SELECT FROM teams WHERE id = scope_id) ELSE EXISTS (SELECT FROM virtual_keys WHERE id = scope_id) END
      ORDER BY scope, scope_id, name`);
    const silent = await this.#records.query<{ team_id: string }>(sql`SELECT team_id FROM callback_silent_teams`);
    return {
      silentTeams: new Set(silent.map((row) => row.team_id)),
      targets: rows.flatMap((row) => {
        const target = this.#open(row);
        return target === null ? [] : [{ scope: row.scope, scopeId: row.scope_id, target }];
      }),
    };
  }

  async of(scope: CallbackScope, scopeId: string): Promise<CallbackTarget[]> {
    const rows = await this.#records.query<TargetRow>(sql`
      SELECT scope, scope_id, name, on_success, on_failure, sealed_variables FROM callback_targets WHERE scope = ${scope} AND scope_id = ${scopeId} ORDER BY name`);
    return rows.map((row) => this.#open(row)).filter((target) => target !== null);
  }

  async write(session: RecordsSession, [scope, scopeId]: [CallbackScope, string], target: CallbackTarget): Promise<void> {
    const sealed = this.#sealer.seal(JSON.stringify(target.variables), purpose(scope, scopeId, target.name));
    await session.query(sql`
      INSERT INTO callback_targets (scope, scope_id, name, on_success, on_failure, sealed_variables)
      VALUES (${scope}, ${scopeId}, ${target.name}, ${target.success}, ${target.failure}, ${sealed})
      ON CONFLICT (scope, scope_id, name) DO UPDATE SET on_success = excluded.on_success, on_failure = excluded.on_failure,
        sealed_variables = excluded.sealed_variables, updated_at = now()`);
  }

  /** Takes all receivers of a scope away, but those of `names`. */
  async keepOnly(session: RecordsSession, [scope, scopeId]: [CallbackScope, string], names: readonly string[]): Promise<void> {
    await session.query(sql`DELETE FROM callback_targets WHERE scope = ${scope} AND scope_id = ${scopeId} AND NOT (name = ANY(${names}::text[]))`);
  }

  async silence(teamId: string, silent: boolean): Promise<void> {
    if (silent) await this.#records.query(sql`INSERT INTO callback_silent_teams (team_id) VALUES (${teamId}) ON CONFLICT DO NOTHING`);
    else await this.#records.query(sql`DELETE FROM callback_silent_teams WHERE team_id = ${teamId}`);
  }

  #open(row: TargetRow): CallbackTarget | null {
    const kind = callbackKindOf(row.name);
    if (kind === null) return null;
    try {
      const variables = JSON.parse(this.#sealer.open(row.sealed_variables, purpose(row.scope, row.scope_id, row.name))) as Record<string, string>;
      return { kind, name: row.name, success: row.on_success, failure: row.on_failure, variables };
    } catch (error) {
      this.#log.error('a callback of a key or team cannot be read', { scope: row.scope, callback: row.name, error });
      return null;
    }
  }
}

const purpose = (scope: string, scopeId: string, name: string): string => `callback:${scope}:${scopeId}:${name}`;
