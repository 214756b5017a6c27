// What a rerank counts: searches of up to a hundred documents, and tokens where the upstream counts those.
import type { CallUsage } from '#call-record.ts';
import { isFields } from '#lib/json.ts';
import type { Call } from './call.ts';
import { fieldOf } from './request.ts';

/** Documents of one search as providers bill it. */
const DOCUMENTS_A_SEARCH = 100;

/** Searches by the number of documents: an estimate where long documents count as several. */
export function searchesOf(call: Pick<Call, 'asked'>): number {
  const documents = call.asked === null ? null : fieldOf(call.asked, 'documents');
  return Math.max(1, Math.ceil((Array.isArray(documents) ? documents.length : 0) / DOCUMENTS_A_SEARCH));
}

/** Cohere's `meta` (billed_units, tokens), or the `usage` of servers that speak the same language; null when neither counts. */
export function rerankUsage(raw: unknown): CallUsage | null {
  if (!isFields(raw)) return null;
  const billed = isFields(raw.billed_units) ? raw.billed_units : {};
  const searches = count(billed.search_units);
  const from = isFields(raw.tokens) ? raw.tokens : raw;
  const input = count(from.input_tokens ?? from.prompt_tokens ?? from.total_tokens ?? billed.total_tokens);
  const output = count(from.output_tokens ?? from.completion_tokens) ?? 0;
  if (searches === null && input === null) return null;
  return { input: input ?? 0, output, total: (input ?? 0) + output, ...(searches === null ? {} : { searches }) };
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
