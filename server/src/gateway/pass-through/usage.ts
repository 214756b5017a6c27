// The counts in a passed answer, whole or streamed: by the client's language where it is known, by the names that providers use where it is not.
import type { CallUsage } from '#call-record.ts';
import type { Dialect } from '#gateway/dialects/dialect.ts';
import { usageFrom } from '#gateway/usage.ts';
import { dataOf, frameEnd } from '#http/sse.ts';
import { countOf, type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';

/** Null when it counts nothing. `format` null: the kind of answer is not one that is read. */
export function usageIn(answer: readonly Buffer[], format: 'json' | 'sse' | null, dialect: Dialect): { usage: CallUsage; model: string | null } | null {
  if (format === null || answer.length === 0) return null;
  const bytes = Buffer.concat(answer);
  if (format === 'json') {
    const body = parsed(bytes.toString('utf8'));
    return Array.isArray(body) ? last(body.map((event) => counted(fieldsOf(event), dialect))) : counted(fieldsOf(body), dialect);
  }
  const scan = dialect.scan(false);
  scan.push(bytes);
  const usage = dialect.usage(scan.usage);
  return usage === null ? last(events(bytes).map((event) => counted(event, dialect))) : { usage, model: scan.model };
}

function last<Value>(values: readonly (Value | null)[]): Value | null {
  return values.findLast((value) => value !== null) ?? null;
}

function events(bytes: Buffer): Fields[] {
  const found: Fields[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = frameEnd(bytes, start);
    const data = dataOf(bytes.toString('utf8', start, end < 0 ? bytes.length : end));
    const event = data === null ? null : parsed(data);
    if (isFields(event)) found.push(event);
    if (end < 0) break;
    start = end;
  }
  return found;
}

function counted(body: Fields, dialect: Dialect): { usage: CallUsage; model: string | null } | null {
  const usage = dialect.usage(body[dialect.usageKey]) ?? converse(body.usage) ?? usageFrom(body.usage);
  return usage === null ? null : { usage, model: textOf(body.model) || null };
}

/** Bedrock's Converse. */
function converse(raw: unknown): CallUsage | null {
  if (!isFields(raw) || typeof raw.inputTokens !== 'number') return null;
  const [input, output] = [countOf(raw.inputTokens), countOf(raw.outputTokens)];
  const [read, written] = [countOf(raw.cacheReadInputTokens), countOf(raw.cacheWriteInputTokens)];
  return {
    input,
    output,
    total: input + output + read + written,
    ...(read > 0 ? { cachedInput: read } : {}),
    ...(written > 0 ? { cacheCreationInput: written } : {}),
  };
}
