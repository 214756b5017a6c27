// Model, parameters, usage, cost, first token and prompt of a span.
import type { ObservationFields } from './events.ts';
import { clampInstant, parseInstant } from './instants.ts';
import { COST, PARAMETER_PREFIXES, PARAMETERS_JSON, SOURCES, USAGE } from './otel-attributes.ts';
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';
import { cleanText, isObject, parseJson } from './text.ts';
import { amountOf, type Counts, costDetails, countOf, openAiUsage, usageDetails, withTotal } from './usage.ts';

/** Types whose foreign usage attributes repeat what their children report. */
const REPEATS_CHILDREN = new Set(['SPAN', 'EVENT', 'AGENT', 'CHAIN', 'TOOL']);

/** Fills what only spans that call a model have. */
export function putGeneration(fields: Partial<ObservationFields>, { attributes }: OtelSpan, receivedAtUs: number): void {
  const model = fields.type === 'SPAN' || fields.type === 'EVENT' ? attributes['langfuse.observation.model.name'] : firstText(attributes, SOURCES.model);
  if (typeof model === 'string' && model !== '') fields.provided_model_name = cleanText(model);
  const parameters = parametersOf(attributes);
  if (parameters !== null) fields.model_parameters = parameters;
  const firstToken = firstTokenUs(attributes, fields.start_time as number);
  if (firstToken !== null) fields.completion_start_time = clampInstant(firstToken, receivedAtUs);
  const usage = usageOf(attributes, fields.type as string);
  if (usage !== null) fields.usage = usage;
  const cost = costOf(attributes, fields.type as string);
  if (cost !== null) fields.cost = cost;
  if (fields.type === 'GENERATION') putPrompt(fields, attributes);
}

function firstText(attributes: Attributes, names: readonly string[]): string | null {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

function putPrompt(fields: Partial<ObservationFields>, attributes: Attributes): void {
  let name: unknown = firstText(attributes, SOURCES.promptName);
  let version: unknown = attributes['langfuse.observation.prompt.version'] ?? attributes['langfuse.prompt.version'];
  const linked = attributes['ai.telemetry.metadata.langfusePrompt'];
  const prompt = typeof linked === 'string' ? parseJson(linked) : linked;
  if (name === null && isObject(prompt)) {
    name = prompt.name;
    version = prompt.version;
  }
  const number = countOf(version);
  if (typeof name !== 'string' || name === '') return;
  fields.prompt_name = cleanText(name);
  if (number !== null && number <= 0x7fffffff) fields.prompt_version = number;
}

function parametersOf(attributes: Attributes): string | null {
  for (const name of PARAMETERS_JSON) {
    const value = attributes[name];
    const parsed = typeof value === 'string' ? parseJson(value) : value;
    if (isObject(parsed) && Object.keys(parsed).length > 0) return JSON.stringify(parsed);
  }
  const single: Record<string, AttributeValue> = {};
  for (const name in attributes) {
    for (const prefix of PARAMETER_PREFIXES) {
      if (name.startsWith(prefix) && name !== 'gen_ai.request.model') single[name.slice(prefix.length)] = attributes[name] as AttributeValue;
    }
  }
  return Object.keys(single).length === 0 ? null : JSON.stringify(single);
}

function firstTokenUs(attributes: Attributes, startUs: number): number | null {
  const said = instantOf(attributes['langfuse.observation.completion_start_time']);
  if (said !== null) return said;
  const delay = attributes['ai.response.msToFirstChunk'] ?? attributes['ai.stream.msToFirstChunk'];
  if (typeof delay === 'number' && delay >= 0 && Number.isFinite(delay)) return startUs + Math.round(delay * 1000);
  const seconds = attributes['gen_ai.server.time_to_first_token'];
  return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? startUs + Math.round(seconds * 1e6) : null;
}

/** An instant written as text or as the JSON text of a text; null when it is none. */
function instantOf(value: AttributeValue | undefined): number | null {
  if (typeof value !== 'string') return null;
  const opened = value.startsWith('"') ? parseJson(value) : value;
  return typeof opened === 'string' ? parseInstant(opened) : null;
}

function usageOf(attributes: Attributes, type: string): Counts | null {
  const own = attributes['langfuse.observation.usage_details'];
  const parsed = typeof own === 'string' ? parseJson(own) : own;
  const said = usageDetails(parsed);
  if (said !== null) return said;
  if (REPEATS_CHILDREN.has(type)) return null;
  const mlflow = attributes['mlflow.chat.tokenUsage'];
  const tokens = typeof mlflow === 'string' ? parseJson(mlflow) : null;
  return isObject(tokens) ? openAiUsage(tokens) : countedUsage(attributes);
}

function firstCount(attributes: Attributes, names: readonly string[]): number | null {
  for (const name of names) {
    const count = attributes[name] === undefined ? null : countOf(attributes[name]);
    if (count !== null) return count;
  }
  return null;
}

function countedUsage(attributes: Attributes): Counts | null {
  const counts: Record<string, number> = {};
  for (const [key, names] of USAGE) {
    const count = firstCount(attributes, names);
    if (count !== null) counts[key] = count;
  }
  const parts = Object.keys(counts);
  // Providers count cached tokens inside the input and reasoning inside the output: parts are taken out, so that nothing is priced twice.
  for (const part of parts) {
    const whole = part.slice(0, Math.max(0, part.indexOf('_')));
    if (counts[whole] !== undefined) counts[whole] = Math.max(0, counts[whole] - (counts[part] as number));
  }
  return parts.length === 0 ? null : withTotal(counts);
}

function costOf(attributes: Attributes, type: string): Counts | null {
  const own = attributes['langfuse.observation.cost_details'];
  const said = costDetails(typeof own === 'string' ? parseJson(own) : own);
  if (said !== null || REPEATS_CHILDREN.has(type)) return said;
  for (const name of COST) {
    const amount = amountOf(attributes[name]);
    if (amount !== null) return { total: amount };
  }
  return null;
}
