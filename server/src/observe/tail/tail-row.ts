// An observation as it passes by: what filters may ask of it, and what is shown of it.
import type { ConsoleTailRow } from '#contract.ts';
import type { FilterCondition } from '#observe/filter/filter.ts';
import { filterInMemory, type MemoryColumns } from '#observe/filter/in-memory.ts';
import { isoMs, isoMsOrNull, secondsBetween, sumOfPrefix } from '#observe/filter/values.ts';
import type { ObservationRow } from '#observe/rows.ts';
import { contentOf } from '#observe/search/content-filter.ts';
import { foldText, holdsAllWords, readJsonText } from '#observe/search/fold-text.ts';

/** What the trace of an observation says, as far as it has passed by too. */
export interface TraceAttributes {
  name: string | null;
  userId: string | null;
  sessionId: string | null;
  environment: string;
  tags: readonly string[];
}

export interface PassingRow {
  row: ObservationRow;
  trace: TraceAttributes | undefined;
}

const numbers = (stored: Readonly<Record<string, string>>): Record<string, number> =>
  Object.fromEntries(Object.entries(stored).map(([key, value]) => [key, Number(value)]));
const sum = (stored: Readonly<Record<string, string>>, prefix: string): number => sumOfPrefix(numbers(stored), prefix) ?? 0;
const seconds = (from: string, to: string | null): number | null => (to === null ? null : secondsBetween(from, to));
const total = (row: ObservationRow): number => Number(row.usage_details.total ?? 0);
const tagsOf = ({ row, trace }: PassingRow): readonly string[] => (row.tags.length > 0 ? row.tags : (trace?.tags ?? []));

function tokensPerSecond({ row }: PassingRow): number | null {
  const latency = seconds(row.start_time, row.end_time);
  return latency === null || latency === 0 ? null : sum(row.usage_details, 'output') / latency;
}

const text = (of: (row: ObservationRow) => string | null) => ({ holds: 'text' as const, of: ({ row }: PassingRow) => of(row) });
const instant = (of: (row: ObservationRow) => string | null) => ({ holds: 'instant' as const, of: ({ row }: PassingRow) => of(row) });
const number = (of: (row: ObservationRow) => number | null) => ({ holds: 'number' as const, of: ({ row }: PassingRow) => of(row) });
const money = (value: string | null): number | null => (value === null ? null : Number(value));

/** The columns of the lists of observations (observations/sql.ts), by the same names. */
export const TAIL_COLUMNS: MemoryColumns<PassingRow> = {
  id: text((row) => row.id),
  type: text((row) => row.type),
  name: text((row) => row.name),
  traceId: text((row) => row.trace_id),
  startTime: instant((row) => row.start_time),
  endTime: instant((row) => row.end_time),
  createdAt: instant((row) => row.created_at),
  updatedAt: instant((row) => row.updated_at),
  environment: text((row) => row.environment),
  level: text((row) => row.level),
  statusMessage: text((row) => row.status_message),
  version: text((row) => row.version),
  parentObservationId: text((row) => (row.parent_observation_id === '' ? null : row.parent_observation_id)),
  isRootObservation: { holds: 'boolean', of: ({ row }) => row.parent_observation_id === '' },
  latency: number((row) => seconds(row.start_time, row.end_time)),
  timeToFirstToken: number((row) => seconds(row.start_time, row.completion_start_time)),
  tokensPerSecond: { holds: 'number', of: tokensPerSecond },
  inputTokens: number((row) => sum(row.usage_details, 'input')),
  outputTokens: number((row) => sum(row.usage_details, 'output')),
  totalTokens: number(total),
  tokens: number(total),
  inputCost: number((row) => sum(row.cost_details, 'input')),
  outputCost: number((row) => sum(row.cost_details, 'output')),
  totalCost: number((row) => money(row.total_cost)),
  model: text((row) => row.provided_model_name),
  providedModelName: text((row) => row.provided_model_name),
  promptName: text((row) => row.prompt_name),
  promptVersion: number((row) => row.prompt_version),
  metadata: { holds: 'metadata', of: ({ row }) => row.metadata },
  userId: { holds: 'text', of: ({ row, trace }) => row.user_id ?? trace?.userId ?? null },
  sessionId: { holds: 'text', of: ({ row, trace }) => row.session_id ?? trace?.sessionId ?? null },
  traceName: { holds: 'text', of: ({ row, trace }) => row.trace_name ?? trace?.name ?? null },
  traceTags: { holds: 'list', of: tagsOf },
  tags: { holds: 'list', of: tagsOf },
  traceEnvironment: { holds: 'text', of: ({ row, trace }) => trace?.environment ?? row.environment },
};

/** Whether a passing row is asked for. @throws AppError 400 as the lists of observations do. */
export function tailFilter(filter: readonly FilterCondition[]): (passing: PassingRow) => boolean {
  const { content, rest } = contentOf(filter);
  const columns = filterInMemory(rest, TAIL_COLUMNS);
  if (content.length === 0) return columns;
  return (passing) => {
    if (!columns(passing)) return false;
    const input = foldText(readJsonText(passing.row.input));
    const output = foldText(readJsonText(passing.row.output));
    return content.every(({ question, field }) => holdsAllWords(field === 'input' ? input : field === 'output' ? output : `${input}\n${output}`, question));
  };
}

const PREVIEW_CHARACTERS = 300;
const cut = (value: string | null, most: number): string | null => (value === null || value.length <= most ? value : value.slice(0, most));

/** What is shown of a row; bounded, whatever it holds. */
export function tailRowOf({ row, trace }: PassingRow): ConsoleTailRow {
  const latency = seconds(row.start_time, row.end_time);
  return {
    traceId: row.trace_id,
    id: row.id,
    type: row.type,
    name: cut(row.name, PREVIEW_CHARACTERS),
    startTime: isoMs(row.start_time),
    endTime: isoMsOrNull(row.end_time),
    latencyMs: latency === null ? null : latency * 1000,
    environment: cut(row.environment, PREVIEW_CHARACTERS) as string,
    level: row.level,
    statusMessage: cut(row.status_message, PREVIEW_CHARACTERS),
    model: cut(row.provided_model_name, PREVIEW_CHARACTERS),
    userId: cut(row.user_id ?? trace?.userId ?? null, PREVIEW_CHARACTERS),
    sessionId: cut(row.session_id ?? trace?.sessionId ?? null, PREVIEW_CHARACTERS),
    totalTokens: total(row),
    totalCost: row.total_cost,
    input: cut(row.input, PREVIEW_CHARACTERS),
    output: cut(row.output, PREVIEW_CHARACTERS),
  };
}
