// Which kind of observation a span is, first hit wins.
import { SOURCES, TYPE_OF_GENKIT, TYPE_OF_LIVEKIT, TYPE_OF_OPENINFERENCE, TYPE_OF_OPERATION, TYPE_OF_TRACELOOP, TYPES } from './otel-attributes.ts';
import type { Attributes, OtelSpan } from './span.ts';

const upper = (value: unknown): string => (typeof value === 'string' ? value.toUpperCase() : '');
const lower = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '');

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function hasModel(attributes: Attributes): boolean {
  return SOURCES.model.some((name) => name !== 'model' && attributes[name] !== undefined);
}

function vercelType(attributes: Attributes): string | undefined {
  const operation = attributes['ai.operationId'];
  if (typeof operation !== 'string') return undefined;
  if (operation === 'ai.toolCall') return 'TOOL';
  if (!hasModel(attributes)) return undefined;
  if (operation.endsWith('.doEmbed')) return 'EMBEDDING';
  if (operation.endsWith('.doGenerate') || operation.endsWith('.doStream')) return 'GENERATION';
  // The outer span of a Vercel call repeats model and usage of the inner one: it must not count again.
  return operation.startsWith('ai.') ? 'SPAN' : undefined;
}

/** The observation type of a span. */
export function typeOf({ attributes, name }: OtelSpan): string {
  const said = upper(attributes['langfuse.observation.type']);
  if (TYPES.has(said)) return said;
  return (
    own(TYPE_OF_OPENINFERENCE, upper(attributes['openinference.span.kind'])) ??
    own(TYPE_OF_OPERATION, lower(attributes['gen_ai.operation.name'])) ??
    own(TYPE_OF_GENKIT, lower(attributes['genkit:metadata:subtype'])) ??
    vercelType(attributes) ??
    (attributes['gen_ai.tool.name'] !== undefined || attributes['gen_ai.tool.call.id'] !== undefined ? 'TOOL' : undefined) ??
    own(TYPE_OF_LIVEKIT, name) ??
    own(TYPE_OF_TRACELOOP, lower(attributes['traceloop.span.kind'])) ??
    own(TYPE_OF_OPENINFERENCE, upper(attributes['mlflow.spanType']).replaceAll('"', '').replace('CHAT_MODEL', 'LLM')) ??
    (hasModel(attributes) ? 'GENERATION' : 'SPAN')
  );
}
