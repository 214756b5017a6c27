// OpenAI's Responses as client dialect: OpenAI's errors, events by name, the whole response with its counts in the last one.
import type { CallUsage } from '#call-record.ts';
import type { Dialect } from '#gateway/dialects/dialect.ts';
import { openAiDialect } from '#gateway/dialects/openai.ts';
import { usageFrom } from '#gateway/usage.ts';
import { fieldsOf, isFields, objectsOf } from '#lib/json.ts';
import { ResponsesScan } from './scan.ts';

export const responsesDialect: Dialect = {
  envelope: openAiDialect.envelope,
  errorEvent: ({ status, message, type, param }) => {
    const event = { type: 'error', code: type ?? String(status), message, param, sequence_number: 0 };
    return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
  },
  scan: () => new ResponsesScan(),
  usageKey: 'usage',
  usage,
  said,
};

/** The counts are those of a chat under other names. */
function usage(raw: unknown): CallUsage | null {
  if (!isFields(raw)) return null;
  return usageFrom({
    prompt_tokens: raw.input_tokens,
    completion_tokens: raw.output_tokens,
    prompt_tokens_details: raw.input_tokens_details ?? undefined,
    completion_tokens_details: raw.output_tokens_details ?? undefined,
  });
}

/** Texts and arguments of a whole response, or of an event's delta. */
function said(parsed: unknown): unknown[] {
  const answer = fieldsOf(parsed);
  const items = objectsOf(answer.output).flatMap((item) => [item.arguments, ...objectsOf(item.content).map((part) => part.text)]);
  return [...items, answer.delta];
}
