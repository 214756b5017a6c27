// The room's door: opens the loop and the lanes, keeps the directory true, and serves the admin API. Built once by the house.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '#lib/errors.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { Alerting } from '#settings/alerting.ts';
import type { CallbackTarget } from '#settings/callback-kinds.ts';
import type { News } from '#stores/coordination/port.ts';
import type { JournalReader } from '#stores/journal/port.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { AlertSender } from './alert-sender.ts';
import { CallbackRecords, type CallbackScope } from './callback-records.ts';
import { CallbackDirectory } from './directory.ts';
import { type Dispatcher, type DispatcherParts, startDispatcher } from './dispatcher.ts';
import { Lanes, type TargetState } from './lanes.ts';
import { type LoggingEntry, readEntry, shownEntry, shownValue } from './logging-entries.ts';
import { type Outside, openReceiver } from './receiver.ts';

const TOPIC = 'callbacks';

export interface CallbackParts {
  records: Records;
  sealer: Sealer;
  news: News;
  outside: Outside;
  metrics: Metrics;
  log: Log;
  dataDir: string;
  limitBytes: number;
  /** The journal whose calls are told; null in a role without calls. */
  journal: { reader: JournalReader; consumer: string; durableSequence: () => bigint; onDurable: (listener: () => void) => void } | null;
  /** Who is told of trouble, now. */
  alerting: () => Alerting | null;
  /** What calls cost is in the records when it resolves. */
  flushLedger: () => Promise<void>;
}

export interface Callbacks {
  /** Receivers of the configuration that is now in force. */
  useTargets(targets: readonly CallbackTarget[]): Promise<void>;
  readonly admin: CallbackAdmin;
  close(): Promise<void>;
}

/** What the admin API does with the receivers of keys and teams. */
export interface CallbackAdmin {
  /** The entries with their secrets masked. @throws AppError 400 when one cannot be used. */
  preview(scope: CallbackScope, scopeId: string | null, entries: readonly LoggingEntry[]): Promise<Required<LoggingEntry>[]>;
  /** Puts these in place of all of the scope; in force in every process when it resolves. @throws AppError 400. */
  replace(scope: CallbackScope, scopeId: string, entries: readonly LoggingEntry[]): Promise<void>;
  /** Adds one. @throws AppError 400 when it cannot be used or is there already. */
  add(scope: CallbackScope, scopeId: string, entry: LoggingEntry): Promise<void>;
  of(scope: CallbackScope, scopeId: string): Promise<Required<LoggingEntry>[]>;
  /** A key got another id. */
  move(scope: CallbackScope, from: string, to: string): Promise<void>;
  silence(teamId: string): Promise<void>;
  /** The configuration's receivers with their secrets masked, and how every open one is doing. */
  configured(): readonly CallbackTarget[];
  states(): TargetState[];
  /** Asks a configured receiver, or Slack, whether it answers: what is wrong in words; null when nothing of that name is configured. */
  check(name: string): Promise<string[] | null>;
}

/** Opens the room. @throws when the records are away. */
export async function openCallbacks(parts: CallbackParts): Promise<Callbacks> {
  const { records, log, news } = parts;
  const store = new CallbackRecords(parts);
  const directory = new CallbackDirectory();
  let global: readonly CallbackTarget[] = [];
  const lanes = new Lanes({ ...parts, folder: join(parts.dataDir, 'callbacks') });
  const apply = async (): Promise<void> => {
    directory.useGlobal(global);
    directory.useScoped(await store.all());
    if (parts.journal !== null) await lanes.use(directory.all());
  };
  const changed = async (): Promise<void> => {
    await apply();
    await news.tell(TOPIC, '', true);
  };
  const stopHearing = news.hear(TOPIC, () => void apply().catch((error: unknown) => log.warn('changed callbacks could not be read', { error })));
  let dispatcher: Dispatcher | null = null;
  let alerts: AlertSender | null = null;
  if (parts.journal !== null) {
    const { journal } = parts;
    const sender = new AlertSender({ ...parts, folder: join(parts.dataDir, 'callbacks') });
    alerts = sender;
    await sender.forgetOld();
    dispatcher = await startDispatcher({ ...journal, positions: positionsOf(records, journal.consumer), directory, lanes, onCalls: () => sender.onCalls, log });
    journal.onDurable(() => dispatcher?.wake());
  }
  return {
    async useTargets(targets) {
      global = targets;
      await apply();
      alerts?.resume();
    },
    admin: {
      ...adminOf({ records, store, lanes, changed, configured: () => global }),
      check: (name) => checkReceivers(name, { targets: directory.all(), outside: parts.outside, alerts }),
    },
    async close() {
      stopHearing();
      await dispatcher?.close();
      await lanes.close();
      await alerts?.close();
      await parts.journal?.reader.close();
    },
  };
}

interface AdminParts {
  records: Records;
  store: CallbackRecords;
  lanes: Lanes;
  changed: () => Promise<void>;
  configured: () => readonly CallbackTarget[];
}

const CHECK_TIMEOUT_MS = 10_000;

async function checkReceivers(
  name: string,
  { targets, outside, alerts }: { targets: readonly CallbackTarget[]; outside: Outside; alerts: AlertSender | null },
): Promise<string[] | null> {
  const named = targets.filter((target) => target.name === name);
  if (named.length === 0) return (await alerts?.check(name)) ?? null;
  const failures: string[] = [];
  for (const target of named) {
    const receiver = openReceiver(target, outside);
    await receiver.check(AbortSignal.timeout(CHECK_TIMEOUT_MS)).catch((error: Error) => failures.push(error.message));
    await receiver.close();
  }
  return failures;
}

function adminOf({ records, store, lanes, changed, configured }: AdminParts): Omit<CallbackAdmin, 'check'> {
  const write = async (scope: CallbackScope, scopeId: string, targets: readonly CallbackTarget[], onlyThese: boolean): Promise<void> => {
    await records.transaction(async (session) => {
      const names = targets.map(({ name }) => name);
      if (onlyThese) await store.keepOnly(session, [scope, scopeId], names);
      for (const target of targets) await store.write(session, [scope, scopeId], target);
    });
    await changed();
  };
  return {
    async preview(scope, scopeId, entries) {
      const before = scopeId === null ? [] : await store.of(scope, scopeId);
      return entries.map((entry) => shownEntry(readEntry(entry, before)));
    },
    async replace(scope, scopeId, entries) {
      const before = await store.of(scope, scopeId);
      if (entries.length === 0 && before.length === 0) return;
      await write(scope, scopeId, merged(entries.map((entry) => readEntry(entry, before))), true);
    },
    async add(scope, scopeId, entry) {
      const before = await store.of(scope, scopeId);
      const target = readEntry(entry, before);
      const same = before.find(({ name }) => name === target.name);
      if (same !== undefined && (same.success || !target.success) && (same.failure || !target.failure)) {
        throw new AppError(`callback_name = ${target.name} already exists for ${scope}_id = ${scopeId}.`, {
          status: 400,
          code: 'bad_request_error',
          param: 'callback_name',
        });
      }
      if (scope === 'team') await store.silence(scopeId, false);
      await write(scope, scopeId, merged([...(same === undefined ? [] : [{ ...same, variables: target.variables }]), target]), false);
    },
    of: async (scope, scopeId) => (await store.of(scope, scopeId)).map(shownEntry),
    async move(scope, from, to) {
      const targets = await store.of(scope, from);
      if (targets.length > 0) await write(scope, to, targets, true);
    },
    async silence(teamId) {
      await store.silence(teamId, true);
      await changed();
    },
    configured: () => configured().map((target) => ({ ...target, variables: shown(target.variables) })),
    states: () => lanes.states(),
  };
}

/** Under their own names, as /get/config/callbacks has them. */
function shown(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, shownValue(name, value)]));
}

/** Two entries of one name (one for successes, one for failures) are one receiver. */
function merged(targets: readonly CallbackTarget[]): CallbackTarget[] {
  const byName = new Map<string, CallbackTarget>();
  for (const target of targets) {
    const same = byName.get(target.name);
    byName.set(target.name, same === undefined ? target : { ...target, success: same.success || target.success, failure: same.failure || target.failure });
  }
  return [...byName.values()];
}

function positionsOf(records: Records, name: string): DispatcherParts['positions'] {
  return {
    async load() {
      const [row] = await records.query<{ sequence: string }>(sql`SELECT sequence FROM consumer_positions WHERE name = ${name}`);
      return row === undefined ? null : BigInt(row.sequence);
    },
    async save(sequence) {
      await records.query(sql`INSERT INTO consumer_positions AS stored (name, sequence) VALUES (${name}, ${String(sequence)})
        ON CONFLICT (name) DO UPDATE SET sequence = GREATEST(stored.sequence, EXCLUDED.sequence), updated_at = now()`);
    },
  };
}

/** By what a platform recognises itself behind an address: tells nothing of the secret. */
export function instanceIdOf(instanceSecret: Buffer): string {
  return createHash('sha256').update('genai-instance\n').update(instanceSecret).digest('hex').slice(0, 24);
}
