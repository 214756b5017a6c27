// When does an environment end? The tag on its network says it; `status` warns after it and `down --expired` destroys then.
import { EXPIRY_TAG } from '#environment.ts';
import type { LifeContext } from './context.ts';
import { scopeOf } from './identity.ts';

/** The instant on the environment's network; null when there is none, or no network. */
export async function readExpiry(context: LifeContext): Promise<Date | null> {
  const { items } = await context.cloud.inventory.find(scopeOf(context.environment));
  const text = items.find((item) => item.kind === 'vpc')?.tags[EXPIRY_TAG];
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at);
}
