// The alarm on spending: an AWS budget that counts only what carries the environment's tag.
import { CloudError } from '#aws/error.ts';
import { ENVIRONMENT_TAG, type Environment, environmentTags } from '#environment.ts';
import type { LifeContext } from './context.ts';

export const budgetName = (environment: Pick<Environment, 'name'>): string => `genai-${environment.name}`;

/** Makes or changes the alarm. Without the right to do so the environment stands all the same, and the person is told. */
export async function ensureBudget(context: LifeContext, limitUsdPerMonth: number, email: string | null): Promise<void> {
  const { environment, cloud, report } = context;
  const name = budgetName(environment);
  try {
    await cloud.account.putBudget({
      name,
      limitUsdPerMonth,
      email,
      tag: { key: ENVIRONMENT_TAG, value: environment.name },
      tags: environmentTags(environment),
    });
    report.say('budget.made', { name, limit: limitUsdPerMonth.toFixed(2) });
  } catch (error) {
    if (!(error instanceof CloudError) || error.code === 'credentials') throw error;
    report.say('budget.failed', { name, reason: error.message });
  }
}
