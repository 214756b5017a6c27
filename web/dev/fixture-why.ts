// Made-up reasons of attempts: why a deployment was chosen and how its cost came about.
import type { ConsoleRequest } from '@genai/server/contract';

type Why = Pick<ConsoleRequest['attempts'][number], 'priceId' | 'choice' | 'costLines'>;
const PRICE = 'azure/gpt-4o-mini@2025-01';

/** Of an attempt that another one followed. */
export function whyFirst(): Why {
  return { priceId: PRICE, choice: { by: 'simple-shuffle', passedOver: [{ deploymentId: 'd-west', why: 'order' }], others: 1 }, costLines: [] };
}

/** Of the attempt that ended the call. */
export function whyLast(now: number, { fallback, priced, input }: { fallback: boolean; priced: boolean; input: number }): Why {
  return {
    priceId: priced ? PRICE : null,
    choice: fallback
      ? {
          by: 'simple-shuffle',
          passedOver: [
            { deploymentId: 'd-east', why: 'resting', status: 429, until: new Date(now).toISOString() },
            { deploymentId: 'd-south', why: 'budget' },
          ],
          others: 2,
        }
      : null,
    costLines: priced
      ? [
          { part: 'input', tokens: input, perToken: '0.00000015' },
          { part: 'output', tokens: Math.round(input / 3), perToken: '0.0000006' },
        ]
      : [],
  };
}
