// One item of an experiment: its messages, the model's answer by way of the gateway, and the run item that leads to the trace. What went wrong becomes an outcome.
import { AppError } from '#lib/errors.ts';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';
import { addRunItem } from '#observe/datasets/datasets.ts';
import { traceOfRunItem } from '#observe/datasets/run-sql.ts';
import { currentItem } from '#observe/datasets/sql.ts';
import type { PlaygroundWays } from '#observe/playground/port.ts';
import type { Records } from '#stores/records/port.ts';
import type { ClaimedItem } from './jobs-sql.ts';
import { renderItem } from './render.ts';

export type Outcome =
  | { kind: 'done'; traceId: string; cost: string | null }
  /** `job`: every other item would meet the same. */
  | { kind: 'failed'; cause: string; of: 'item' | 'job'; traceId: string | null; cost: string | null }
  | { kind: 'again'; cause: string; afterSeconds: number | null };

export interface AskParts {
  records: Records;
  ways: PlaygroundWays;
}

export const EXPERIMENT_ENVIRONMENT = 'experiment';
const LONGEST_MS = 240_000;

/** Never throws. */
export async function askItem(parts: AskParts, item: ClaimedItem, signal: AbortSignal): Promise<Outcome> {
  try {
    return await attempt(parts, item, signal);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const final = error instanceof AppError && error.status < 500 && !error.retryable;
    return final ? failed('item', cause) : { kind: 'again', cause, afterSeconds: error instanceof AppError ? (error.retryAfterSeconds ?? null) : null };
  }
}

const failed = (of: 'item' | 'job', cause: string): Outcome => ({ kind: 'failed', of, cause, traceId: null, cost: null });

async function attempt({ records, ways }: AskParts, item: ClaimedItem, signal: AbortSignal): Promise<Outcome> {
  const { chat } = ways;
  if (chat === null) return failed('job', 'This process reaches no gateway: set --gateway-url.');
  // An earlier process may have died between the run item and the end of the queue's.
  const known = item.attempts > 1 ? await traceOfRunItem(records, { datasetId: item.dataset_id, runName: item.run_name, itemId: item.item_id }) : null;
  if (known !== null) return { kind: 'done', traceId: known, cost: null };
  const stored = await currentItem(records, item.project_id, item.item_id);
  if (stored === null || stored.status !== 'ACTIVE') return failed('item', 'The item is archived or gone.');
  const rendered = renderItem(item.messages, stored.input);
  if ('missing' in rendered) return failed('item', `The input has no value for ${rendered.missing.map((name) => `{{${name}}}`).join(', ')}.`);
  const person = { projectId: item.project_id, organizationId: item.organization_id, userId: item.user_id, name: item.user_name };
  const answer = await chat({
    key: await ways.keyOf(person),
    body: JSON.stringify({ ...item.parameters, model: item.model, messages: rendered.messages, metadata: traceOf(item) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
  });
  const text = await answer.text();
  if (!answer.ok) return refusalOf(answer.status, text, answer.headers.get('retry-after'));
  const traceId = (answer.headers.get('x-litellm-call-id') ?? '').replaceAll('-', '');
  const cost = answer.headers.get('x-litellm-response-cost');
  const body = { runName: item.run_name, datasetItemId: item.item_id, traceId, metadata: runMetadata(item) };
  await addRunItem(records, item.project_id, body, async () => null);
  return { kind: 'done', traceId, cost: cost !== null && /^\d+(\.\d+)?$/.test(cost) ? cost : null };
}

function traceOf(item: ClaimedItem): Record<string, unknown> {
  return { trace_name: `experiment: ${item.run_name}`, environment: EXPERIMENT_ENVIRONMENT, ...runMetadata(item), datasetItemId: item.item_id };
}

function runMetadata(item: ClaimedItem): { promptName: string; promptVersion: number; model: string } {
  return { promptName: item.prompt_name, promptVersion: item.prompt_version, model: item.model };
}

/** A blocked key, a spent budget and a model that is not allowed stand in every item's way; what passes is asked again. */
function refusalOf(status: number, text: string, retryAfter: string | null): Outcome {
  const { message, type, code } = fieldsOf(fieldsOf(parsed(text)).error);
  const cause = textOf(message) || `The gateway answered ${status}.`;
  if (textOf(type).includes('budget') || textOf(code).includes('budget') || status === 401 || status === 403) return failed('job', cause);
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    const seconds = Number(retryAfter ?? Number.NaN);
    return { kind: 'again', cause, afterSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : null };
  }
  return failed('item', cause);
}
