// Anthropic's Messages as client dialect: its error envelope and events, its usage with cache counts beside the input.
import type { CallUsage } from '#call-record.ts';
import type { Dialect } from '#gateway/dialects/dialect.ts';
import type { Failure } from '#gateway/errors.ts';
import { countOf, fieldsOf, isFields, objectsOf } from '#lib/json.ts';
import { MessagesScan } from './scan.ts';

export const messagesDialect: Dialect = {
  envelope,
  errorEvent: (failure) => Buffer.from(`event: error\ndata: ${envelope(failure)}\n\n`),
  scan: () => new MessagesScan(),
  usageKey: 'usage',
  usage,
  said,
};

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** `type` is one that Anthropic's SDKs know; what the gateway calls the failure stands beside it. */
function envelope({ status, message, type, param, fields }: Failure): string {
  const known = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const more = { code: type, param, ...(fields === null ? {} : { provider_specific_fields: fields }) };
  const told = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null && value !== known));
  return JSON.stringify({ type: 'error', error: { type: known, message, ...told } });
}

function usage(raw: unknown): CallUsage | null {
  if (!isFields(raw) || !isCount(raw.input_tokens ?? 0) || !isCount(raw.output_tokens)) return null;
  const input = countOf(raw.input_tokens);
  const output = countOf(raw.output_tokens);
  const cachedInput = countOf(raw.cache_read_input_tokens);
  const cacheCreationInput = countOf(raw.cache_creation_input_tokens);
  const reasoningOutput = Math.min(countOf(fieldsOf(raw.output_tokens_details).thinking_tokens), output);
  return {
    input,
    output,
    total: input + output + cachedInput + cacheCreationInput,
    ...(cachedInput === 0 ? {} : { cachedInput }),
    ...(cacheCreationInput === 0 ? {} : { cacheCreationInput }),
    ...(reasoningOutput === 0 ? {} : { reasoningOutput }),
  };
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Blocks of a whole answer, or the delta of an event. */
function said(parsed: unknown): unknown[] {
  const answer = fieldsOf(parsed);
  const delta = fieldsOf(answer.delta);
  const blocks = objectsOf(answer.content).flatMap(({ text, thinking, name, input }) => [
    text,
    thinking,
    name,
    input === undefined ? null : JSON.stringify(input),
  ]);
  return [...blocks, delta.text, delta.thinking, delta.partial_json, fieldsOf(answer.content_block).name];
}
