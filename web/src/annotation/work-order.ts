// Which item of a queue comes next.
import type { QueueItem } from './use-annotation.ts';

/** The place of the item before or behind `index`, or of the next pending one behind it, round to the first; `index` itself when there is none. */
export function stepFrom(items: readonly Pick<QueueItem, 'status'>[], index: number, to: 'next' | 'previous' | 'pending'): number {
  if (to === 'next') return Math.min(items.length - 1, index + 1);
  if (to === 'previous') return Math.max(0, index - 1);
  const pending = items.flatMap((item, place) => (item.status === 'PENDING' && place !== index ? [place] : []));
  return pending.find((place) => place > index) ?? pending[0] ?? index;
}
