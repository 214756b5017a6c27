// What is to be judged, read by the public reads in the project's own name: one filter language, and no second way to a row.
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import type { FilterCondition } from '#observe/filter/filter.ts';
import { JUDGE_ENVIRONMENT } from '#observe/llm-connections/chat.ts';
import type { Records } from '#stores/records/port.ts';
import { experimentSources, experimentTargets } from './experiment-targets.ts';
import type { JobRow, Target } from './jobs-sql.ts';
import type { RuleRow } from './rules-sql.ts';

/** A principal that reads one project, as its own keys would. */
export function readerOf(project: { id: string; organizationId: string }): Principal {
  return { kind: 'project-key', projectId: project.id, organizationId: project.organizationId, publicKey: '', scope: 'project' };
}

/** Which of a rule's targets are meant: those that changed since an instant, or those of a range. */
export type Window = { changedSince: Date } | { from: Date; to: Date };

/** What is judged live is at most so old. */
const LIVE_DAY_MS = 86_400_000;
const OBSERVATIONS_A_PAGE = 1_000;
const TRACES_A_PAGE = 100;

export interface TargetParts {
  records: Pick<Records, 'query'>;
  ask: AskEngine;
}

type Selection = Pick<RuleRow, 'id' | 'project_id' | 'target' | 'filter' | 'sampling'>;

/** Targets of a rule, page by page, with sampling; a judge's own calls are never among them. @throws AppError 400 for a filter that does not fit, 503 while the engine is away. */
export async function* targetsOf(parts: TargetParts, reader: Principal, rule: Selection, window: Window): AsyncGenerator<Target[]> {
  for await (const page of pagesOf(parts, reader, rule, window)) yield page.filter((target) => isSampled(rule, target));
}

function pagesOf(parts: TargetParts, reader: Principal, rule: Selection, window: Window): AsyncGenerator<Target[]> {
  switch (rule.target) {
    case 'observation':
      return observationPages(parts.ask, reader, rule, window);
    case 'experiment':
      return experimentTargets(parts.records, rule, window);
    case 'trace':
      return tracePages(parts.ask, reader, { conditions: conditionsOf(rule, window), window, idOf: (trace) => trace.id });
    case 'session':
      return tracePages(parts.ask, reader, { conditions: [...conditionsOf(rule, window), HAS_SESSION], window, idOf: (trace) => trace.sessionId });
  }
}

const HAS_SESSION: FilterCondition = { type: 'null', column: 'sessionId', operator: 'is not null' };

function conditionsOf(rule: Selection, window: Window): FilterCondition[] {
  const notOfJudges: FilterCondition = { type: 'stringOptions', column: 'environment', operator: 'none of', value: [JUDGE_ENVIRONMENT] };
  const changed: FilterCondition[] =
    'changedSince' in window ? [{ type: 'datetime', column: 'updatedAt', operator: '>', value: window.changedSince.toISOString() }] : [];
  return [...rule.filter, notOfJudges, ...changed];
}

/** The same target is always in or always out. */
export function isSampled(rule: Pick<RuleRow, 'id' | 'sampling'>, target: Pick<Target, 'traceId' | 'id'>): boolean {
  if (rule.sampling >= 1) return true;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${rule.id}|${target.traceId}|${target.id}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  // FNV's low bits are the better ones; two more rounds spread them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32 < rule.sampling;
}

function rangeOf(window: Window): { from: string; to: string | undefined } {
  if ('from' in window) return { from: window.from.toISOString(), to: window.to.toISOString() };
  return { from: new Date(Date.now() - LIVE_DAY_MS).toISOString(), to: undefined };
}

async function* observationPages(ask: AskEngine, reader: Principal, rule: Selection, window: Window): AsyncGenerator<Target[]> {
  const { from, to } = rangeOf(window);
  const query = new URLSearchParams({
    fields: 'core,time',
    limit: String(OBSERVATIONS_A_PAGE),
    fromStartTime: from,
    filter: JSON.stringify(conditionsOf(rule, window)),
  });
  if (to !== undefined) query.set('toStartTime', to);
  for (;;) {
    const answer = fieldsOf(await ask(reader, `/api/public/v2/observations?${query}`));
    yield objectsOf(answer.data).map((row) => ({
      traceId: textOf(row.traceId),
      id: textOf(row.id),
      runItemId: null,
      changedAt: textOf(row.updatedAt) || from,
    }));
    const cursor = textOf(fieldsOf(answer.meta).cursor);
    if (cursor === '') return;
    query.set('cursor', cursor);
  }
}

interface TraceSelection {
  conditions: readonly FilterCondition[];
  window: Window;
  /** Which member of a trace is the target: itself, or its session. */
  idOf: (trace: Record<string, unknown>) => unknown;
}

async function* tracePages(ask: AskEngine, reader: Principal, { conditions, window, idOf }: TraceSelection): AsyncGenerator<Target[]> {
  const { from, to } = rangeOf(window);
  const query = new URLSearchParams({ fields: 'core', limit: String(TRACES_A_PAGE), fromTimestamp: from, filter: JSON.stringify(conditions) });
  if (to !== undefined) query.set('toTimestamp', to);
  const seen = new Set<string>();
  for (let page = 1; ; page++) {
    query.set('page', String(page));
    const traces = objectsOf(fieldsOf(await ask(reader, `/api/public/traces?${query}`)).data);
    const targets = traces.map((trace) => ({ traceId: '', id: textOf(idOf(trace)), runItemId: null, changedAt: textOf(trace.updatedAt) || from }));
    // Newest first: the first trace of a session is its last change.
    yield targets.filter(({ id }) => id !== '' && !seen.has(id) && seen.add(id));
    if (traces.length < TRACES_A_PAGE) return;
  }
}

/** How many targets a range holds before sampling; null for sessions, which have to be walked. */
export async function countTargets(ask: AskEngine, reader: Principal, rule: Selection, window: { from: Date; to: Date }): Promise<number | null> {
  const { from, to } = { from: window.from.toISOString(), to: window.to.toISOString() };
  const filter = JSON.stringify(conditionsOf(rule, window));
  const query = { limit: '1', filter };
  const path =
    rule.target === 'observation'
      ? `/api/public/observations?${new URLSearchParams({ ...query, fromStartTime: from, toStartTime: to })}`
      : rule.target === 'trace'
        ? `/api/public/traces?${new URLSearchParams({ ...query, fields: 'core', fromTimestamp: from, toTimestamp: to })}`
        : null;
  if (path === null) return null;
  return Number(fieldsOf(fieldsOf(await ask(reader, path)).meta).totalItems ?? 0);
}

/** @throws AppError 400 when the filter does not fit the rule's target. */
export async function checkFilter(parts: TargetParts, reader: Principal, rule: Selection): Promise<void> {
  const now = new Date();
  for await (const _ of pagesOf(parts, reader, rule, { from: new Date(now.getTime() - 1_000), to: now })) return;
}

/** What variables can be filled with, and where the score belongs. */
export interface Material {
  sources: Readonly<Record<string, unknown>>;
  environment: string;
  /** False while an observation has no end: it may still be written to. */
  complete: boolean;
  subject: { traceId: string; observationId?: string } | { sessionId: string };
}

/** The target of a job; null when it is not (or not yet) stored. @throws AppError 503. */
export async function materialOf(parts: TargetParts, reader: Principal, job: JobRow): Promise<Material | null> {
  switch (job.target) {
    case 'observation':
      return await observationMaterial(parts.ask, reader, job.trace_id, job.target_id);
    case 'trace':
      return await traceMaterial(parts.ask, reader, job.target_id);
    case 'session':
      return await sessionMaterial(parts.ask, reader, job.target_id);
    case 'experiment':
      return await experimentMaterial(parts, reader, job);
  }
}

export async function observationMaterial(ask: AskEngine, reader: Principal, traceId: string, id: string): Promise<Material | null> {
  const query = new URLSearchParams({ traceId, limit: '1', filter: JSON.stringify([{ type: 'string', column: 'id', operator: '=', value: id }]) });
  const [row] = objectsOf(fieldsOf(await ask(reader, `/api/public/observations?${query}`)).data);
  if (row === undefined) return null;
  return {
    sources: { input: row.input, output: row.output, metadata: row.metadata, tool_calls: toolCallsIn(row.output) },
    environment: textOf(row.environment),
    complete: row.endTime !== null || row.type === 'EVENT',
    subject: { traceId, observationId: id },
  };
}

async function traceMaterial(ask: AskEngine, reader: Principal, id: string): Promise<Material | null> {
  const trace = await ask(reader, `/api/public/traces/${encodeURIComponent(id)}`);
  if (trace === null) return null;
  const { input, output, metadata, environment, observations } = fieldsOf(trace);
  const parts = objectsOf(observations);
  const root = parts.find(({ parentObservationId }) => parentObservationId === null);
  return {
    sources: {
      input: input ?? root?.input,
      output: output ?? root?.output,
      metadata,
      tool_calls: parts.flatMap((part) => toolCallsIn(part.output)),
      observations: parts.map((part) => ({ type: part.type, name: part.name, input: part.input, output: part.output })),
    },
    environment: textOf(environment),
    complete: true,
    subject: { traceId: id },
  };
}

async function sessionMaterial(ask: AskEngine, reader: Principal, id: string): Promise<Material | null> {
  const session = await ask(reader, `/api/public/sessions/${encodeURIComponent(id)}`);
  if (session === null) return null;
  const traces = objectsOf(fieldsOf(session).traces).sort((one, two) => textOf(one.timestamp).localeCompare(textOf(two.timestamp)));
  return {
    sources: { input: traces[0]?.input, output: traces.at(-1)?.output, conversation: traces.map(({ input, output }) => ({ input, output })) },
    environment: textOf(fieldsOf(session).environment),
    complete: true,
    subject: { sessionId: id },
  };
}

async function experimentMaterial(parts: TargetParts, reader: Principal, job: JobRow): Promise<Material | null> {
  const item = await experimentSources(parts.records, job.project_id, job.target_id);
  if (item === null) return null;
  const run =
    item.observationId === null
      ? await traceMaterial(parts.ask, reader, item.traceId)
      : await observationMaterial(parts.ask, reader, item.traceId, item.observationId);
  if (run === null) return null;
  return { ...run, sources: { ...run.sources, expected_output: item.expectedOutput, experiment_item_metadata: item.metadata } };
}

const DEPTH = 4;

/** Tool calls wherever an answer has them: OpenAI's `tool_calls`, Anthropic's `tool_use` parts. */
export function toolCallsIn(value: unknown, depth = 0): unknown[] {
  if (depth > DEPTH || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((member) => toolCallsIn(member, depth + 1));
  const fields = value as Record<string, unknown>;
  if (fields.type === 'tool_use') return [fields];
  const here = Array.isArray(fields.tool_calls) ? fields.tool_calls : [];
  return [...here, ...Object.entries(fields).flatMap(([name, member]) => (name === 'tool_calls' ? [] : toolCallsIn(member, depth + 1)))];
}

/** For rules whose filter the engine refused. */
export function isBadFilter(error: unknown): error is AppError {
  return error instanceof AppError && error.status === 400;
}
