// Would the AWS verbs work from here? Looks only; every fault is a finding and none ends the look.
import { CloudError } from '#aws/error.ts';
import { type LifeContext, LifeError } from './context.ts';
import { identify } from './identity.ts';
import { needed } from './preflight.ts';

export interface AwsFinding {
  id: string;
  state: 'ok' | 'warning' | 'problem' | 'skipped';
  detail: string;
}

export async function examineAws(context: LifeContext): Promise<AwsFinding[]> {
  const caller = await look('aws.credentials', async () => {
    const { account, arn } = await context.cloud.account.caller();
    return [{ id: 'aws.credentials', state: 'ok', detail: `account ${account} as ${arn}, region ${context.cloud.account.region}` }];
  });
  // Without credentials every other question would get the same answer.
  if (caller.some(({ state }) => state === 'problem')) return caller;
  return [
    ...caller,
    ...(await look('aws.zones', async () => await zones(context))),
    ...(await look('aws.quotas', async () => await quotas(context))),
    ...(await look('aws.environment', async () => await environment(context))),
  ];
}

async function look(id: string, ask: () => Promise<AwsFinding[]>): Promise<AwsFinding[]> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof CloudError) && !(error instanceof LifeError)) throw error;
    return [{ id, state: 'problem', detail: error.message }];
  }
}

async function zones({ cloud, environment: { availabilityZones } }: LifeContext): Promise<AwsFinding[]> {
  const open = await cloud.account.zones();
  const closed = availabilityZones.filter((zone) => !open.includes(zone));
  return closed.length === 0
    ? [{ id: 'aws.zones', state: 'ok', detail: availabilityZones.join(', ') }]
    : [{ id: 'aws.zones', state: 'problem', detail: `${closed.join(', ')} not open to this account: set availabilityZones to two of ${open.join(', ')}` }];
}

async function quotas({ cloud, environment: wanted }: LifeContext): Promise<AwsFinding[]> {
  const wants = needed(wanted);
  const stands = (await cloud.cluster.find(`genai-${wanted.name}`)) !== null;
  return (await cloud.account.quotas()).map((quota): AwsFinding => {
    const id = `aws.quota.${quota.id}`;
    const detail = `${quota.used} of ${quota.limit ?? '?'} in use`;
    if (quota.limit === null) return { id, state: 'warning', detail: `${detail}: the limit could not be read` };
    const isFull = !stands && quota.used + wants[quota.id] > quota.limit;
    return isFull ? { id, state: 'problem', detail: `${detail}, ${wants[quota.id]} more needed` } : { id, state: 'ok', detail };
  });
}

async function environment(context: LifeContext): Promise<AwsFinding[]> {
  const { stacks } = await identify(context);
  const detail = stacks.map(({ name, status }) => `${name} ${status}`).join(', ') || 'not there';
  const isBroken = stacks.some(({ status }) => /FAILED|ROLLBACK/.test(status) && status !== 'UPDATE_ROLLBACK_COMPLETE');
  return [{ id: 'aws.environment', state: isBroken ? 'problem' : 'ok', detail: isBroken ? `${detail}: ./genai up goes on, ./genai down removes it` : detail }];
}
