// Brings one stack to what its template says, from whatever state it is in: a change set, its events, and the first failure by name.
import { CloudError } from '#aws/error.ts';
import type { Proposal, StackEvent, StackState } from '#aws/stacks/port.ts';
import { ENVIRONMENT_TAG } from '#environment.ts';
import type { StackTemplate } from '#stacks/synthesize.ts';
import { type LifeContext, LifeError } from './context.ts';
import { firstFailure } from './first-failure.ts';
import { phaseMeter } from './report.ts';
import { deleteStack } from './stack-delete.ts';
import { hasReached, lastEventOf, MAX_STACK_MS, watchStack } from './stack-watch.ts';

const PROPOSAL_POLL_MS = 2000;

export interface StackResult {
  state: StackState;
  /** How many resources were added, changed or removed; 0 = nothing was to be done. */
  changes: number;
}

/** @throws LifeError 'stack.failed' with the first failure in CloudFormation's words */
export async function ensureStack(context: LifeContext, template: StackTemplate): Promise<StackResult> {
  const tell = phaseMeter(context.report, context.clock, template.part, template.part);
  const current = await settled(context, template.name, tell);
  refuseForeign(current, template, context.environment.name);
  const usable = await usableStack(context, template, current, tell);
  const isNew = usable === null || usable.status === 'REVIEW_IN_PROGRESS';
  const proposalId = await propose(context, template, isNew ? 'create' : 'update', usable);
  if (proposalId === null) return await ensureStack(context, template);
  const proposal = await decided(context, template.name, proposalId);
  if (proposal.state === 'empty') return await nothingToDo(context, template, proposalId, isNew);
  if (proposal.state === 'failed') throw new LifeError('stack.refused', { stack: template.name, reason: proposal.reason ?? '-' });
  context.report.say('stack.changes', {
    stack: template.name,
    count: proposal.changes.length,
    replaced: proposal.changes.filter((change) => change.isReplacement).length,
  });
  const before = await context.cloud.stacks.find(template.name);
  const afterEvent = before === null ? null : await lastEventOf(context, before.id);
  await context.cloud.stacks.execute(template.name, proposalId);
  const state = await watchStack(context, { nameOrId: template.name, afterEvent, tell }, (stack, seen) => judge(template.name, stack, seen));
  context.report.say('stack.done', { stack: template.name, count: proposal.changes.length });
  return { state, changes: proposal.changes.length };
}

function refuseForeign(stack: StackState | null, template: StackTemplate, environment: string): void {
  if (stack === null || stack.status === 'REVIEW_IN_PROGRESS' || stack.tags[ENVIRONMENT_TAG] === environment) return;
  throw new LifeError('identity.refused', {
    what: `stack ${template.name}`,
    tag: ENVIRONMENT_TAG,
    wanted: environment,
    found: stack.tags[ENVIRONMENT_TAG] ?? '-',
  });
}

/** Waits while CloudFormation is at work on the stack, for example after an interrupted run. */
async function settled(context: LifeContext, name: string, tell: (detail: string) => void): Promise<StackState | null> {
  const isResting = (status: string): boolean => status === 'REVIEW_IN_PROGRESS' || !status.endsWith('_IN_PROGRESS');
  const found = await watchStack(context, { nameOrId: name, afterEvent: null, tell }, (stack) =>
    stack === null ? 'none' : isResting(stack.status) ? stack : null,
  );
  return found === 'none' ? null : found;
}

/** A stack that can take an update, or null after one that cannot was removed. */
async function usableStack(
  context: LifeContext,
  template: StackTemplate,
  stack: StackState | null,
  tell: (detail: string) => void,
): Promise<StackState | null> {
  if (stack === null) return null;
  if (/^(ROLLBACK_COMPLETE|ROLLBACK_FAILED|DELETE_FAILED)$/.test(stack.status)) {
    context.report.say('stack.removed-first', { stack: template.name, status: stack.status });
    await removeFirst(context, stack, tell);
    return null;
  }
  if (stack.status === 'UPDATE_ROLLBACK_FAILED')
    throw new LifeError('stack.stuck', { stack: template.name, status: stack.status, reason: stack.reason ?? '-' });
  if (stack.status === 'CREATE_FAILED' || stack.status === 'UPDATE_FAILED')
    context.report.say('stack.continues', { stack: template.name, status: stack.status });
  return stack;
}

async function removeFirst(context: LifeContext, stack: StackState, tell: (detail: string) => void): Promise<void> {
  const outcome = await deleteStack(context, stack, tell);
  if (!outcome.isGone) throw new LifeError('stack.stuck', { stack: stack.name, status: stack.status, reason: outcome.reason });
}

/** Null when CloudFormation would not continue a failed creation: then the stack was removed and a new one is to be made. */
async function propose(context: LifeContext, template: StackTemplate, kind: 'create' | 'update', stack: StackState | null): Promise<string | null> {
  try {
    return await context.cloud.stacks.propose(template, kind);
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'invalid' || stack?.status !== 'CREATE_FAILED') throw error;
    context.report.say('stack.removed-first', { stack: template.name, status: stack.status });
    await removeFirst(context, stack, () => {});
    return null;
  }
}

async function decided(context: LifeContext, stackName: string, proposalId: string): Promise<Proposal> {
  const deadline = context.clock.now().getTime() + MAX_STACK_MS;
  for (;;) {
    const proposal = await context.cloud.stacks.proposal(stackName, proposalId);
    if (proposal.state !== 'pending') return proposal;
    if (context.clock.now().getTime() > deadline) throw new LifeError('stack.slow', { stack: stackName, status: 'change set' });
    await context.clock.sleep(PROPOSAL_POLL_MS);
  }
}

async function nothingToDo(context: LifeContext, template: StackTemplate, proposalId: string, isNew: boolean): Promise<StackResult> {
  await context.cloud.stacks.discard(template.name, proposalId);
  const state = await context.cloud.stacks.find(template.name);
  if (state === null || isNew) throw new LifeError('stack.refused', { stack: template.name, reason: 'the template has no resources' });
  // A failed creation whose template says the same has nothing to change and is still not whole.
  if (state.status.endsWith('_FAILED'))
    throw new LifeError('stack.failed', { stack: template.name, resource: '-', type: '-', reason: state.reason ?? state.status });
  context.report.say('stack.unchanged', { stack: template.name });
  return { state, changes: 0 };
}

/** Reads are not always up to date: right after the start the old status may still be answered, so that a new event has to say the same. */
function judge(name: string, stack: StackState | null, seen: readonly StackEvent[]): StackState | null {
  if (stack === null || stack.status.endsWith('_IN_PROGRESS') || !hasReached(seen, name, stack.status)) return null;
  if (/^(CREATE|UPDATE)_COMPLETE$/.test(stack.status)) return stack;
  throw failureOf(name, stack, seen);
}

function failureOf(name: string, stack: StackState, events: readonly StackEvent[]): LifeError {
  const first = firstFailure(events);
  return new LifeError('stack.failed', {
    stack: name,
    resource: first?.logicalId ?? '-',
    type: first?.resourceType ?? '-',
    reason: first?.reason ?? stack.reason ?? stack.status,
  });
}
