// One look after the other at a stack at work: its state, and the events since it was started.
import type { StackEvent, StackState } from '#aws/stacks/port.ts';
import { type LifeContext, LifeError } from './context.ts';

const POLL_MS = 5000;
/** CloudFormation itself gives up on a resource after hours; a person should not wait so long. */
export const MAX_STACK_MS = 60 * 60_000;

export interface Watch {
  nameOrId: string;
  /** The newest event before the work began. */
  afterEvent: string | null;
  tell: (detail: string) => void;
}

/** Looks until `judge` has an answer. @param judge given the stack (null = gone) and all events since the start @throws LifeError 'stack.slow' */
export async function watchStack<Answer>(
  context: LifeContext,
  { nameOrId, afterEvent, tell }: Watch,
  judge: (stack: StackState | null, seen: readonly StackEvent[]) => Answer | null,
): Promise<Answer> {
  const deadline = context.clock.now().getTime() + MAX_STACK_MS;
  const seen: StackEvent[] = [];
  for (;;) {
    const stack = await context.cloud.stacks.find(nameOrId);
    if (stack !== null) seen.push(...(await context.cloud.stacks.events(stack.id, seen.at(-1)?.id ?? afterEvent)));
    const answer = judge(stack, seen);
    if (answer !== null) return answer;
    const last = seen.at(-1);
    tell(`${stack?.name ?? nameOrId}: ${last === undefined ? (stack?.status ?? '-') : `${last.logicalId} ${last.status}`}`);
    if (context.clock.now().getTime() > deadline) throw new LifeError('stack.slow', { stack: stack?.name ?? nameOrId, status: stack?.status ?? '-' });
    await context.clock.sleep(POLL_MS);
  }
}

/** Whether the stack itself (and not a resource of it) was seen to reach a status. */
export function hasReached(seen: readonly StackEvent[], name: string, status: string): boolean {
  return seen.some((event) => event.logicalId === name && event.status === status);
}

/** The newest event that is known now. */
export async function lastEventOf(context: LifeContext, stackId: string): Promise<string | null> {
  return (await context.cloud.stacks.events(stackId, null)).at(-1)?.id ?? null;
}
