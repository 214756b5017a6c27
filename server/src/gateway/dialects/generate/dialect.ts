// Gemini's generateContent as client dialect: Google's errors, frames without an end, its counts.
import type { CallUsage } from '#call-record.ts';
import type { Dialect } from '#gateway/dialects/dialect.ts';
import type { Failure } from '#gateway/errors.ts';
import { usageFrom } from '#gateway/usage.ts';
import { countOf, fieldsOf, isFields, objectsOf } from '#lib/json.ts';
import { GenerateScan } from './scan.ts';

export const generateDialect: Dialect = {
  envelope,
  errorEvent: (failure) => Buffer.from(`data: ${envelope(failure)}\n\n`),
  scan: () => new GenerateScan(),
  usageKey: 'usageMetadata',
  usage,
  said,
};

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function envelope({ status, message, type }: Failure): string {
  const known = STATUSES[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
  const details = type === null ? {} : { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: type }] };
  return JSON.stringify({ error: { code: status, message, status: known, ...details } });
}

/** Thoughts are counted beside the candidates, cached content inside the prompt. */
function usage(raw: unknown): CallUsage | null {
  if (!isFields(raw) || raw.promptTokenCount === undefined) return null;
  const thoughts = countOf(raw.thoughtsTokenCount);
  return usageFrom({
    prompt_tokens: countOf(raw.promptTokenCount) + countOf(raw.toolUsePromptTokenCount),
    completion_tokens: countOf(raw.candidatesTokenCount) + thoughts,
    prompt_tokens_details: { cached_tokens: countOf(raw.cachedContentTokenCount), image_tokens: picturesIn(raw.promptTokensDetails) },
    completion_tokens_details: { reasoning_tokens: thoughts, image_tokens: picturesIn(raw.candidatesTokensDetails) },
  });
}

function picturesIn(details: unknown): number {
  return objectsOf(details).reduce((sum, { modality, tokenCount }) => sum + (modality === 'IMAGE' ? countOf(tokenCount) : 0), 0);
}

function said(parsed: unknown): unknown[] {
  const parts = objectsOf(fieldsOf(parsed).candidates).flatMap((candidate) => objectsOf(fieldsOf(candidate.content).parts));
  return parts.flatMap(({ text, functionCall }) => [text, functionCall === undefined ? null : JSON.stringify(functionCall)]);
}
