// Deletes one stack and waits until it is gone; a deletion that fails is an answer, not an error.
import { CloudError } from '#aws/error.ts';
import type { StackEvent, StackState } from '#aws/stacks/port.ts';
import { type LifeContext, LifeError } from './context.ts';
import { firstFailure } from './first-failure.ts';
import { hasReached, lastEventOf, watchStack } from './stack-watch.ts';

export type DeleteOutcome = { isGone: true } | { isGone: false; reason: string };

const GONE: DeleteOutcome = { isGone: true };

export async function deleteStack(context: LifeContext, stack: StackState, tell: (detail: string) => void): Promise<DeleteOutcome> {
  const { stacks } = context.cloud;
  const watch = { nameOrId: stack.id, afterEvent: null, tell };
  try {
    // Something is still being made or rolled back: some of these states take a deletion only afterwards.
    const current = await watchStack(context, watch, (state) => (state === null ? 'gone' : isBusy(state.status) ? null : state));
    if (current === 'gone') return GONE;
    if (current.isProtected) await stacks.unprotect(current.name);
    const afterEvent = await lastEventOf(context, stack.id);
    if (current.status !== 'DELETE_IN_PROGRESS') await stacks.delete(stack.id);
    return await watchStack(context, { ...watch, afterEvent }, (state, seen) => judge(stack.name, state, seen));
  } catch (error) {
    if (error instanceof LifeError) return { isGone: false, reason: `${error.values.status} for too long` };
    // CloudFormation refuses while it is still at work on the stack, or while another one uses what it exports.
    if (error instanceof CloudError && ['in-use', 'conflict', 'invalid'].includes(error.code)) return { isGone: false, reason: error.message };
    throw error;
  }
}

const isBusy = (status: string): boolean => status.endsWith('_IN_PROGRESS') && status !== 'DELETE_IN_PROGRESS' && status !== 'REVIEW_IN_PROGRESS';

function judge(name: string, stack: StackState | null, seen: readonly StackEvent[]): DeleteOutcome | null {
  if (stack === null) return GONE;
  // DELETE_FAILED may be the answer of the attempt before this one: only a new event says that this one has failed.
  if (stack.status !== 'DELETE_FAILED' || !hasReached(seen, name, 'DELETE_FAILED')) return null;
  const first = firstFailure(seen);
  return { isGone: false, reason: first === null ? (stack.reason ?? stack.status) : `${first.logicalId} (${first.resourceType}): ${first.reason ?? '-'}` };
}
