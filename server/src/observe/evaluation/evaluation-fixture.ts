// Test only: evaluation over real records, with an engine, a model and a journal that do as they are told.

import type { Route } from '#http/route.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { createSealer } from '#lib/sealed.ts';
import { openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { openSandbox } from '#observe/code-evaluators/sandbox.ts';
import type { ChatQuestion, ChatReply } from '#observe/llm-connections/chat.ts';
import { createConnectionDirectory } from '#observe/llm-connections/directory.ts';
import { llmConnectionRoutes } from '#observe/llm-connections/routes.ts';
import type { Records } from '#stores/records/port.ts';
import { createLog } from '#telemetry/log.ts';
import { evaluatorRoutes } from './evaluator-routes.ts';
import { queueRoutes } from './queue-routes.ts';
import { ruleRoutes } from './rule-routes.ts';
import { type EvaluationRunner, type RunnerParts, startEvaluation } from './runner.ts';
import { trialRoutes } from './trial-routes.ts';

export interface StoredObservation {
  id: string;
  traceId: string;
  name: string;
  environment: string;
  input: unknown;
  output: unknown;
  endTime: string | null;
  updatedAt: string;
}

export interface EvaluationFixture {
  routes: RoutesFixture;
  stored: StoredObservation[];
  /** What the model answers; a thrown error is the provider's. */
  answer: (question: ChatQuestion) => ChatReply | Promise<ChatReply>;
  asked: ChatQuestion[];
  /** Batches that were written to the journal. */
  written: { body: { id: string; type: string; body: Record<string, unknown> }[]; projectId: string }[];
  store(observation: Partial<StoredObservation> & { id: string }): void;
  start(parts?: Partial<RunnerParts>): Promise<EvaluationRunner>;
  /** Ends every runner that was started. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

export const REPLY: ChatReply = {
  text: '{"reasoning":"fine","score":0.8}',
  model: 'm-1',
  inputTokens: 10,
  outputTokens: 5,
  traceId: '0198f0c2111172228333444455556666',
  cost: '0.001',
};

export const QUALITY = {
  name: 'quality',
  prompt: 'Q: {{input}} A: {{output}}',
  outputDefinition: { dataType: 'NUMERIC', reasoning: { description: 'why' }, score: { description: 'how good', minValue: 0, maxValue: 1 } },
  modelConfig: { provider: 'genai-gateway', model: 'm-1' },
};

/** Starts records and mounts the routes. */
export async function openEvaluationFixture(further: (records: Records) => Route[] = () => []): Promise<EvaluationFixture> {
  const sealer = createSealer(Buffer.alloc(32, 5));
  const sandbox = openSandbox({ threads: 1 });
  const ask = async (_principal: Principal, path: string): Promise<unknown> => fakeEngine(fixture.stored, path);
  const routes = await openRoutes((records) => [
    ...llmConnectionRoutes({ records, sealer, egress: { check: () => {} }, askModel: async () => REPLY }),
    ...evaluatorRoutes({ records, sandbox }),
    ...trialRoutes({ records, ask, sandbox }),
    ...ruleRoutes({ records, ask }),
    ...queueRoutes({ records, ask }),
    ...further(records),
  ]);
  const runners: EvaluationRunner[] = [];
  const fixture: EvaluationFixture = {
    routes,
    stored: [],
    answer: () => REPLY,
    asked: [],
    written: [],
    store(over) {
      const now = new Date().toISOString();
      fixture.stored.push({
        traceId: `t-${over.id}`,
        name: 'answer',
        environment: 'default',
        input: 'question',
        output: 'answer',
        endTime: now,
        updatedAt: now,
        ...over,
      });
    },
    async start(parts = {}) {
      const runner = await startEvaluation({
        records: routes.records,
        ask,
        connections: createConnectionDirectory({ records: routes.records, sealer, mintGatewayKey: async () => 'sk-minted-0123456789' }),
        askModel: async (question) => {
          fixture.asked.push(question);
          return await fixture.answer(question);
        },
        sandbox,
        writing: { journal: memoryJournal(fixture), mask: (_, body) => body },
        priceOf: () => null,
        lagMs: async () => 0,
        nowMs: Date.now,
        log: createLog({ level: 'error' }),
        pollMs: null,
        scanEveryMs: 10,
        retrySeconds: 0,
        ...parts,
      });
      runners.push(runner);
      return runner;
    },
    async rest() {
      for (const runner of runners.splice(0)) await runner.close();
    },
    async close() {
      await fixture.rest();
      await sandbox.close();
      await routes.close();
    },
  };
  return fixture;
}

function memoryJournal(fixture: EvaluationFixture): RunnerParts['writing']['journal'] {
  return {
    append: (...[, , projectId, parts, done]: [string, number, string, Buffer[], (error: Error | null) => void]) => {
      fixture.written.push({ projectId, body: (JSON.parse((parts[1] as Buffer).toString()) as { batch: never[] }).batch });
      setImmediate(() => done(null));
      return 1n;
    },
  } as never;
}

const COLUMNS = ['id', 'name', 'environment', 'updatedAt', 'sessionId'];

interface Condition {
  column: string;
  operator: string;
  value: unknown;
}

/** As much of the reads as evaluation uses; unknown columns are refused as the engine refuses them. */
function fakeEngine(stored: readonly StoredObservation[], path: string): unknown {
  const url = new URL(path, 'http://engine');
  const conditions = JSON.parse(url.searchParams.get('filter') ?? '[]') as Condition[];
  const unknown = conditions.find(({ column }) => !COLUMNS.includes(column));
  if (unknown)
    throw new AppError(`Invalid filter column: ${unknown.column}. Known columns: ${COLUMNS.join(', ')}.`, { status: 400, code: 'InvalidRequestError' });
  const found = stored.filter((row) => conditions.every((condition) => fits(row, condition)));
  if (url.pathname.endsWith('/observations')) {
    const { traceId } = Object.fromEntries(url.searchParams);
    const data = traceId === undefined ? found : found.filter((row) => row.traceId === traceId);
    return { data: data.map((row) => ({ ...row, type: 'GENERATION', metadata: {} })), meta: { totalItems: data.length } };
  }
  if (url.pathname === '/api/public/traces') return { data: [], meta: { totalItems: 0 } };
  throw new AppError(`not in this fixture: ${url.pathname}`, { status: 503, code: 'unknown' });
}

function fits(row: StoredObservation, { column, operator, value }: Condition): boolean {
  const held = String(row[column as keyof StoredObservation]);
  if (operator === '>') return held > String(value);
  if (operator === '=') return held === String(value);
  const listed = (value as string[]).includes(held);
  return operator === 'none of' ? !listed : listed;
}
