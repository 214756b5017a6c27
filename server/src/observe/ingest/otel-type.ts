// Which kind of observation a span is, first hit wins.
import {
  LIVEKIT_SCOPE,
  SOURCES,
  TYPE_OF_GENKIT,
  TYPE_OF_LIVEKIT,
  TYPE_OF_LLM_REQUEST,
  TYPE_OF_OPENINFERENCE,
  TYPE_OF_OPERATION,
  TYPE_OF_TRACELOOP,
  TYPES,
} from './otel-attributes.ts';
import type { Attributes, OtelSpan } from './span.ts';

const upper = (value: unknown): string => (typeof value === 'string' ? value.toUpperCase() : '');
const lower = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '');

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function hasModel(attributes: Attributes): boolean {
  return SOURCES.model.some((name) => name !== 'model' && attributes[name] !== undefined);
}

/** Only a generation has these; Python SDKs up to 3.3.0 sent them on what they called a span. */
const GENERATION_ONLY = ['model.name', 'model.parameters', 'usage_details', 'cost_details', 'completion_start_time', 'prompt.name', 'prompt.version'].map(
  (name) => `langfuse.observation.${name}`,
);

function langfuseType({ attributes, scope, resource }: OtelSpan): string | undefined {
  const said = upper(attributes['langfuse.observation.type']);
  if (!TYPES.has(said)) return undefined;
  if (said !== 'SPAN' || scope.name !== 'langfuse-sdk' || resource['telemetry.sdk.language'] !== 'python') return said;
  const [major = 0, minor = 0] = scope.version.split('.').map(Number);
  const isOld = major < 3 || (major === 3 && minor <= 3);
  return isOld && GENERATION_ONLY.some((name) => attributes[name] !== undefined) ? 'GENERATION' : said;
}

function vercelType(attributes: Attributes): string | undefined {
  const id = attributes['ai.operationId'] ?? attributes['operation.name'];
  if (typeof id !== 'string' || !id.startsWith('ai.')) return undefined;
  // `operation.name` has the function's id behind a blank.
  const operation = id.split(' ', 1)[0] as string;
  if (operation === 'ai.toolCall') return 'TOOL';
  if (operation === 'ai.rerank.doRerank') return 'RETRIEVER';
  if (!hasModel(attributes)) return undefined;
  if (operation.endsWith('.doEmbed')) return 'EMBEDDING';
  if (operation.endsWith('.doGenerate') || operation.endsWith('.doStream')) return 'GENERATION';
  // The outer span of a Vercel call repeats model and usage of the inner one: it must not count again.
  return 'SPAN';
}

function genkitType(attributes: Attributes): string | undefined {
  // `tool.v2` is a tool.
  return own(TYPE_OF_GENKIT, lower(attributes['genkit:metadata:subtype']).split('.', 1)[0] as string);
}

function scopeType({ attributes, scope, name }: OtelSpan): string | undefined {
  if (scope.name.startsWith(LIVEKIT_SCOPE)) return own(TYPE_OF_LIVEKIT, name);
  return scope.name === 'pydantic-ai' && attributes.agent_name !== undefined ? 'AGENT' : undefined;
}

/** The observation type of a span. */
export function typeOf(span: OtelSpan): string {
  const { attributes } = span;
  return (
    langfuseType(span) ??
    own(TYPE_OF_OPENINFERENCE, upper(attributes['openinference.span.kind'])) ??
    own(TYPE_OF_OPERATION, lower(attributes['gen_ai.operation.name'])) ??
    genkitType(attributes) ??
    vercelType(attributes) ??
    (attributes['gen_ai.tool.name'] !== undefined || attributes['gen_ai.tool.call.id'] !== undefined ? 'TOOL' : undefined) ??
    scopeType(span) ??
    own(TYPE_OF_TRACELOOP, lower(attributes['traceloop.span.kind'])) ??
    own(TYPE_OF_LLM_REQUEST, lower(attributes['llm.request.type'])) ??
    own(TYPE_OF_OPENINFERENCE, upper(attributes['mlflow.spanType']).replaceAll('"', '').replace('CHAT_MODEL', 'LLM')) ??
    (hasModel(attributes) ? 'GENERATION' : 'SPAN')
  );
}
