// Model, parameters, usage, cost, first token and prompt of a span.
import type { ObservationFields } from './events.ts';
import { clampInstant, parseInstant } from './instants.ts';
import { FIRST_TOKEN_SECONDS, PARAMETER_PREFIXES, PARAMETERS_JSON, SOURCES } from './otel-attributes.ts';
import { costOf, usageOf } from './otel-usage.ts';
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';
import { cleanText, isObject, parseJson } from './text.ts';
import { countOf } from './usage.ts';

/** Fills what only spans that call a model have. */
export function putGeneration(fields: Partial<ObservationFields>, span: OtelSpan, receivedAtUs: number): void {
  const { attributes } = span;
  const model = fields.type === 'SPAN' || fields.type === 'EVENT' ? attributes['langfuse.observation.model.name'] : modelOf(attributes);
  if (typeof model === 'string' && model !== '') fields.provided_model_name = cleanText(model);
  const parameters = parametersOf(attributes);
  if (parameters !== null) fields.model_parameters = parameters;
  const firstToken = firstTokenUs(attributes, fields.start_time as number);
  if (firstToken !== null) fields.completion_start_time = clampInstant(firstToken, receivedAtUs);
  const usage = usageOf(span, fields.type as string);
  if (usage !== null) {
    fields.usage = usage.counts;
    if (usage.raw !== null) fields.raw_usage = usage.raw;
  }
  const cost = costOf(span, fields.type as string);
  if (cost !== null) fields.cost = cost;
  if (fields.type === 'GENERATION') putPrompt(fields, attributes);
}

/** MLflow writes texts as JSON; Genkit's model span is named after the model. */
function modelOf(attributes: Attributes): string | null {
  const said = firstText(attributes, SOURCES.model);
  if (said === null) return attributes['genkit:metadata:subtype'] === 'model' ? firstText(attributes, ['genkit:name']) : null;
  const opened = said.startsWith('"') ? parseJson(said) : said;
  return typeof opened === 'string' ? opened : said;
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

/** The model, and the context that Vercel's SDK 7 passes through. */
const NOT_PARAMETERS = /^(?:gen_ai\.request\.model$|llm\.request\.(?:model|type)$|ai\.settings\.context\.)/;

function parametersOf(attributes: Attributes): string | null {
  for (const name of PARAMETERS_JSON) {
    const value = attributes[name];
    const parsed = typeof value === 'string' ? parseJson(value) : value;
    if (isObject(parsed) && Object.keys(parsed).length > 0) return JSON.stringify(parsed);
  }
  const single: Record<string, AttributeValue> = {};
  for (const name in attributes) {
    for (const prefix of PARAMETER_PREFIXES) {
      if (name.startsWith(prefix) && !NOT_PARAMETERS.test(name)) single[name.slice(prefix.length)] = attributes[name] as AttributeValue;
    }
  }
  return Object.keys(single).length === 0 ? null : JSON.stringify(single);
}

function firstTokenUs(attributes: Attributes, startUs: number): number | null {
  const said = instantOf(attributes['langfuse.observation.completion_start_time']);
  if (said !== null) return said;
  const delay = attributes['ai.response.msToFirstChunk'] ?? attributes['ai.stream.msToFirstChunk'];
  if (typeof delay === 'number' && delay >= 0 && Number.isFinite(delay)) return startUs + Math.round(delay * 1000);
  const seconds = FIRST_TOKEN_SECONDS.map((name) => attributes[name]).find((value) => typeof value === 'number');
  return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? startUs + Math.round(seconds * 1e6) : null;
}

/** An instant written as text or as the JSON text of a text; null when it is none. */
function instantOf(value: AttributeValue | undefined): number | null {
  if (typeof value !== 'string') return null;
  const opened = value.startsWith('"') ? parseJson(value) : value;
  return typeof opened === 'string' ? parseInstant(opened) : null;
}
