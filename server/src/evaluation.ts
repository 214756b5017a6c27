// Composition of evaluation and of experiments: who judges and asks in this process, with which ways to the engine, to models and into the journal.
import type { KeyStore } from '#identity/virtual-keys.ts';
import { formatPicos } from '#lib/money.ts';
import { createSealer } from '#lib/sealed.ts';
import type { CodeSandbox } from '#observe/code-evaluators/port.ts';
import { openSandbox } from '#observe/code-evaluators/sandbox.ts';
import { startEvaluation } from '#observe/evaluation/runner.ts';
import { startExperiments } from '#observe/experiment-jobs/runner.ts';
import { doorOf, type IngestDependencies } from '#observe/ingest/door.ts';
import type { Prices } from '#prices/port.ts';
import type { Settings } from '#settings/settings.ts';
import { askEngine } from './ask-engine.ts';
import type { EngineLink } from './engine-link.ts';
import type { HouseInput } from './house.ts';
import { type Outgoing, openOutgoing } from './outgoing.ts';

export interface Evaluation {
  outgoing: Outgoing;
  /** Runs evaluators in code; null where they are switched off. Costs nothing until it is asked. */
  sandbox: CodeSandbox | null;
  close(): Promise<void>;
}

export interface EvaluationParts {
  input: Pick<HouseInput, 'settings' | 'stores' | 'engine' | 'identity' | 'doors' | 'log'>;
  /** Told of the key that is made for judging. */
  changed: KeyStore['changed'];
  ingestion: IngestDependencies;
  prices: Prices;
}

/** A worker hears of its own process's events only, so it looks. */
const WORKER_POLL_MS = 5_000;

/** The whole platform and workers judge; the other roles only show the queue. */
export async function openEvaluation({ input, changed, ingestion, prices }: EvaluationParts): Promise<Evaluation> {
  const { settings, stores, engine, identity, doors, log } = input;
  const { records } = stores;
  const outgoing = openOutgoing({ settings, gatewayDoor: doors.gateway, keyStore: { records, changed }, sealer: createSealer(identity.instanceSecret) });
  const sandbox = settings.codeEvaluators ? openSandbox() : null;
  if (engine === null || (settings.role !== 'all' && settings.role !== 'worker'))
    return {
      outgoing,
      sandbox,
      async close() {
        await sandbox?.close();
        await outgoing.close();
      },
    };
  const runner = await startEvaluation({
    records,
    ask: (principal, path) => askEngine(engine, principal, path),
    connections: outgoing.connections,
    askModel: outgoing.askModel,
    sandbox,
    writing: { journal: stores.events, mask: doorOf(ingestion).mask },
    priceOf: (model, usage) => priceOf(prices, model, usage),
    lagMs: () => lagOf(engine, settings.role),
    nowMs: Date.now,
    log,
    pollMs: settings.role === 'worker' ? WORKER_POLL_MS : null,
  });
  // Whoever asks judges asks for experiments too.
  const experiments =
    outgoing.playground.chat === null
      ? null
      : await startExperiments({ records, ways: outgoing.playground, log, alone: settings.role === 'all' && settings.journal === 'files' });
  if (settings.role === 'all') stores.journal.onDurable(() => runner.storedMore());
  return {
    outgoing,
    sandbox,
    async close() {
      await experiments?.close();
      // What runs goes back into the queue.
      await Promise.all([runner.close(), sandbox?.close()]);
      await outgoing.close();
    },
  };
}

function priceOf(prices: Prices, model: string, { input, output }: { input: number; output: number }): string | null {
  const price = prices.ofModel(model, new Date());
  return price === null ? null : formatPicos(prices.cost(price, { input, output, total: input + output }));
}

/** Null while nobody knows: the engine is away, or this worker is not the one that stores. */
export async function lagOf(engine: EngineLink, role: Settings['role']): Promise<number | null> {
  const status = await engine.status();
  if (status === null || (role === 'worker' && status.consumedSequence === '0')) return null;
  return status.lagMs;
}
