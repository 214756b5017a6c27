// Stored observations -> the public API's two shapes (langfuse.md §1.5).
import {
  isoMs,
  isoMsOrNull,
  metadataValue,
  numberOrNull,
  numbersOf,
  parsedContent,
  parsedMetadata,
  rawContent,
  secondsBetween,
  sumOfPrefix,
} from '#observe/filter/values.ts';
import type { ObservationView } from './sql.ts';

/** The strict v1 object. */
export interface ObservationV1 {
  id: string;
  projectId: string;
  traceId: string | null;
  parentObservationId: string | null;
  name: string | null;
  type: string;
  environment: string;
  startTime: string;
  endTime: string | null;
  version: string | null;
  createdAt: string;
  updatedAt: string;
  input: unknown;
  output: unknown;
  metadata: unknown;
  level: string;
  statusMessage: string | null;
  model: string | null;
  modelParameters: unknown;
  completionStartTime: string | null;
  promptId: string | null;
  promptName: string | null;
  promptVersion: number | null;
  usageDetails: Record<string, number>;
  costDetails: Record<string, number>;
  usage: { unit: 'TOKENS'; input: number; output: number; total: number };
  unit: 'TOKENS';
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
  usagePricingTierName: null;
  usagePricingTierId: null;
  modelId: string | null;
  inputPrice: null;
  outputPrice: null;
  totalPrice: null;
  calculatedInputCost: number | null;
  calculatedOutputCost: number | null;
  calculatedTotalCost: number | null;
  latency: number | null;
  timeToFirstToken: number | null;
}

function latencyOf(row: ObservationView): number | null {
  return row.end_time === null ? null : secondsBetween(row.start_time, row.end_time);
}

function firstTokenOf(row: ObservationView): number | null {
  return row.completion_start_time === null ? null : secondsBetween(row.start_time, row.completion_start_time);
}

function modelParametersOf(row: ObservationView): unknown {
  return row.model_parameters === null ? null : parsedContent(row.model_parameters);
}

/** Stored row -> v1. Token counts are 0 when unknown, costs null. */
export function observationV1Of(row: ObservationView): ObservationV1 {
  const usageDetails = numbersOf(row.usage_details);
  const costDetails = numbersOf(row.cost_details);
  const usage = { input: sumOfPrefix(usageDetails, 'input') ?? 0, output: sumOfPrefix(usageDetails, 'output') ?? 0, total: usageDetails.total ?? 0 };
  return {
    id: row.id,
    projectId: row.project_id,
    traceId: row.trace_id === '' ? null : row.trace_id,
    parentObservationId: row.parent_observation_id === '' ? null : row.parent_observation_id,
    name: row.name,
    type: row.type,
    environment: row.environment,
    startTime: isoMs(row.start_time),
    endTime: isoMsOrNull(row.end_time),
    version: row.version,
    createdAt: isoMs(row.created_at),
    updatedAt: isoMs(row.updated_at),
    input: parsedContent(row.input),
    output: parsedContent(row.output),
    metadata: parsedMetadata(row.metadata),
    level: row.level,
    statusMessage: row.status_message,
    model: row.provided_model_name,
    modelParameters: modelParametersOf(row),
    completionStartTime: isoMsOrNull(row.completion_start_time),
    promptId: row.prompt_id,
    promptName: row.prompt_name,
    promptVersion: row.prompt_version,
    usageDetails,
    costDetails,
    usage: { unit: 'TOKENS', ...usage },
    unit: 'TOKENS',
    promptTokens: usage.input,
    completionTokens: usage.output,
    totalTokens: usage.total,
    usagePricingTierName: null,
    usagePricingTierId: null,
    modelId: row.internal_model_id,
    inputPrice: null,
    outputPrice: null,
    totalPrice: null,
    calculatedInputCost: sumOfPrefix(costDetails, 'input'),
    calculatedOutputCost: sumOfPrefix(costDetails, 'output'),
    calculatedTotalCost: numberOrNull(row.total_cost),
    latency: latencyOf(row),
    timeToFirstToken: firstTokenOf(row),
  };
}

export const OBSERVATION_FIELD_GROUPS = ['core', 'basic', 'time', 'io', 'metadata', 'model', 'usage', 'prompt', 'metrics', 'trace_context'] as const;
export type ObservationFieldGroup = (typeof OBSERVATION_FIELD_GROUPS)[number];

/** What an observation takes from its trace where it does not carry it itself. */
export interface TraceContext {
  name: string | null;
  user_id: string | null;
  session_id: string | null;
  release: string | null;
  tags: string[];
  public: 0 | 1;
  bookmarked: 0 | 1;
}

/** Characters of a metadata value unless its key is expanded. */
const METADATA_CUT = 200;

/** Stored row -> v2 with the groups asked for; core is always there. */
export function observationV2Of(
  row: ObservationView,
  trace: TraceContext | undefined,
  groups: ReadonlySet<ObservationFieldGroup>,
  expanded: ReadonlySet<string>,
): Record<string, unknown> {
  const parts: Partial<Record<ObservationFieldGroup, () => Record<string, unknown>>> = {
    basic: () => ({
      isRootObservation: row.parent_observation_id === '',
      name: row.name,
      level: row.level,
      statusMessage: row.status_message,
      version: row.version,
      environment: row.environment,
      bookmarked: trace?.bookmarked === 1,
      public: trace?.public === 1,
      userId: row.user_id ?? trace?.user_id ?? null,
      sessionId: row.session_id ?? trace?.session_id ?? null,
    }),
    time: () => ({ completionStartTime: isoMsOrNull(row.completion_start_time), createdAt: isoMs(row.created_at), updatedAt: isoMs(row.updated_at) }),
    io: () => ({ input: rawContent(row.input), output: rawContent(row.output) }),
    metadata: () => ({ metadata: cutMetadata(row.metadata, expanded) }),
    model: () => ({ providedModelName: row.provided_model_name, internalModelId: row.internal_model_id, modelParameters: modelParametersOf(row) }),
    usage: () => ({
      usageDetails: numbersOf(row.usage_details),
      costDetails: numbersOf(row.cost_details),
      totalCost: numberOrNull(row.total_cost),
      usagePricingTierName: null,
    }),
    prompt: () => ({ promptId: row.prompt_id, promptName: row.prompt_name, promptVersion: row.prompt_version }),
    metrics: () => ({ latency: latencyOf(row), timeToFirstToken: firstTokenOf(row) }),
    trace_context: () => ({
      tags: row.tags.length > 0 ? row.tags : (trace?.tags ?? []),
      release: row.release ?? trace?.release ?? null,
      traceName: row.trace_name ?? trace?.name ?? null,
    }),
  };
  const answer: Record<string, unknown> = {
    id: row.id,
    traceId: row.trace_id === '' ? null : row.trace_id,
    startTime: isoMs(row.start_time),
    endTime: isoMsOrNull(row.end_time),
    projectId: row.project_id,
    parentObservationId: row.parent_observation_id === '' ? null : row.parent_observation_id,
    type: row.type,
  };
  for (const group of groups) Object.assign(answer, parts[group]?.());
  return Object.assign(answer, { modelId: row.internal_model_id, inputPrice: null, outputPrice: null, totalPrice: null });
}

function cutMetadata(stored: Readonly<Record<string, string>>, expanded: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => {
      const characters = value.length <= METADATA_CUT || expanded.has(key) ? null : [...value];
      return [key, characters === null || characters.length <= METADATA_CUT ? metadataValue(value) : characters.slice(0, METADATA_CUT).join('')];
    }),
  );
}
