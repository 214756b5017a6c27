// What would `up` make or change? Asks CloudFormation with change sets that are thrown away; stacks that do not exist are only counted.
import type { StackChange } from '#aws/stacks/port.ts';
import type { StackTemplate } from '#stacks/synthesize.ts';
import { type LifeContext, LifeError } from './context.ts';
import { identify } from './identity.ts';

const POLL_MS = 2000;
const MAX_WAIT_MS = 10 * 60_000;

export interface StackComparison {
  stack: string;
  /** `busy` = CloudFormation is at work on it, or it failed: `up` decides then. */
  state: 'to make' | 'unchanged' | 'to change' | 'busy';
  status: string;
  resources: number;
  changes: readonly StackChange[];
}

export async function compare(context: LifeContext): Promise<StackComparison[]> {
  const { stacks } = await identify(context);
  const compared: StackComparison[] = [];
  for (const template of context.blueprint.synthesize(context.environment)) {
    const resources = resourcesIn(template);
    const existing = stacks.find((stack) => stack.name === template.name);
    const base = { stack: template.name, resources, status: existing?.status ?? '-' };
    if (existing === undefined || existing.status === 'REVIEW_IN_PROGRESS') compared.push({ ...base, state: 'to make', changes: [] });
    else if (!/^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(existing.status)) compared.push({ ...base, state: 'busy', changes: [] });
    else {
      const changes = await changesOf(context, template);
      compared.push({ ...base, state: changes.length === 0 ? 'unchanged' : 'to change', changes });
    }
  }
  return compared;
}

/** How many resources a template has. */
export function resourcesIn(template: StackTemplate): number {
  return Object.keys((JSON.parse(template.templateBody) as { Resources: object }).Resources).length;
}

async function changesOf(context: LifeContext, template: StackTemplate): Promise<readonly StackChange[]> {
  const { stacks } = context.cloud;
  const id = await stacks.propose(template, 'update');
  try {
    const deadline = context.clock.now().getTime() + MAX_WAIT_MS;
    for (;;) {
      const proposal = await stacks.proposal(template.name, id);
      if (proposal.state === 'failed') throw new LifeError('stack.refused', { stack: template.name, reason: proposal.reason ?? '-' });
      if (proposal.state !== 'pending') return proposal.changes;
      if (context.clock.now().getTime() > deadline) throw new LifeError('stack.slow', { stack: template.name, status: 'change set' });
      await context.clock.sleep(POLL_MS);
    }
  } finally {
    await stacks.discard(template.name, id);
  }
}
