// Metadata of a span for its observation and for its trace.
import { leafText, pathsOf, topLevel } from './metadata.ts';
import { PARAMETER_PREFIXES, PARAMETERS_JSON, SOURCES } from './otel-attributes.ts';
import { CONVENTIONS } from './otel-conventions.ts';
import { COUNTED } from './otel-usage.ts';
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';
import { isObject, openedJson } from './text.ts';

/** Attributes that became a field: they are not repeated in the metadata. */
const CONSUMED: ReadonlySet<string> = new Set<string>([
  ...Object.values(SOURCES).flat(),
  ...CONVENTIONS.flatMap(({ input, output }) => [...input, ...output]).filter((source) => typeof source === 'string'),
  ...COUNTED,
  ...PARAMETERS_JSON,
  'ai.response.text',
  'ai.response.reasoning',
  'ai.response.files',
  'ai.response.toolCalls',
  'all_messages_events',
  'gcp.vertex.agent.llm_request',
  'gcp.vertex.agent.llm_response',
  'gcp.vertex.agent.tool_call_args',
  'gcp.vertex.agent.tool_response',
  'gen_ai.system_instructions',
  'events',
  'metadata',
  'openinference.span.kind',
]);
const CONSUMED_PREFIXES = [
  'gen_ai.prompt.',
  'gen_ai.completion.',
  'llm.input_messages.',
  'llm.output_messages.',
  'retrieval.documents.',
  'reranker.input_documents.',
  'reranker.output_documents.',
  'ai.telemetry.metadata.',
  'traceloop.association.properties.',
  'langfuse.',
  ...PARAMETER_PREFIXES,
] as const;

/** One text a resource or scope, however many spans it has. */
const texts = new WeakMap<object, string>();

function textOnce(value: object): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = leafText(value);
  texts.set(value, text);
  return text;
}

/** Names that may say metadata: one look at each attribute instead of one a prefix. */
function metadataNames(attributes: Attributes): string[] {
  const names: string[] = [];
  for (const name in attributes)
    if (name.includes('metadata') || name.includes('experiment') || name.includes('association') || name.startsWith('ai.settings.context')) names.push(name);
  return names;
}

/** Members under `prefix.`, and those of the object (JSON or not) under the bare name. */
function under(attributes: Attributes, names: readonly string[], name: string): Record<string, unknown> | null {
  let found: Record<string, unknown> | null = null;
  const prefix = `${name}.`;
  for (const key of names) {
    if (key === name) found = Object.assign(wholeValue(attributes[key] as AttributeValue), found);
    else if (key.startsWith(prefix)) {
      found ??= {};
      found[key.slice(prefix.length)] = openedValue(attributes[key] as AttributeValue);
    }
  }
  return found;
}

/** SDKs write objects and lists as JSON in text, from generation 5 on texts too; plain text stays text. */
function openedValue(value: AttributeValue): unknown {
  return typeof value === 'string' ? (openedJson(value) ?? value) : value;
}

function wholeValue(value: AttributeValue): Record<string, unknown> {
  const opened = openedValue(value);
  if (isObject(opened)) return { ...opened };
  return opened === null || opened === '' ? {} : { metadata: opened };
}

/** OpenInference has `metadata`, OpenLLMetry association properties, the Vercel AI SDK telemetry metadata and, from 7 on, the runtime context. */
const OBSERVATION_METADATA = [
  'metadata',
  'traceloop.association.properties',
  'langfuse.metadata',
  'langfuse.observation.metadata',
  'ai.telemetry.metadata',
  'ai.settings.context',
];

/** Everything a span says that has no column: its own metadata, what is left of a foreign span's attributes, resource and scope. */
export function observationMetadata(span: OtelSpan): Record<string, string> {
  const { attributes } = span;
  const metadata: Record<string, string> = {};
  const names = metadataNames(attributes);
  if (names.length > 0) {
    for (const name of OBSERVATION_METADATA) {
      const own = under(attributes, names, name);
      if (own !== null) Object.assign(metadata, topLevel(own));
    }
    const experiment = under(attributes, names, 'langfuse.experiment');
    if (experiment !== null) metadata.experiment = leafText(experiment);
  }
  const rest = restOf(span);
  if (rest !== null) metadata.attributes = leafText(rest);
  metadata.resourceAttributes = textOnce(span.resource);
  metadata.scope = textOnce(span.scope);
  return metadata;
}

function restOf({ attributes, scope }: OtelSpan): Attributes | null {
  if (scope.name === 'langfuse-sdk') return null;
  let rest: Attributes | null = null;
  for (const key in attributes) {
    if (CONSUMED.has(key) || CONSUMED_PREFIXES.some((prefix) => key.startsWith(prefix))) continue;
    rest ??= {};
    rest[key] = attributes[key] as AttributeValue;
  }
  return rest;
}

/** What a span says about its trace's metadata, as paths. */
export function traceMetadata({ attributes }: OtelSpan): Record<string, string> {
  let paths: Record<string, string> = {};
  const names = metadataNames(attributes);
  if (names.length === 0) return paths;
  for (const name of ['langfuse.metadata', 'langfuse.trace.metadata']) {
    const own = under(attributes, names, name);
    if (own !== null) paths = { ...paths, ...pathsOf(own) };
  }
  return paths;
}
