// What `down` and `sweep` found at the end: nothing, or each thing with its id and its price a day.
import type { Item } from '@genai/infra/aws/inventory/item';
import type { Environment } from '@genai/infra/environment';
import type { DownResult } from '@genai/infra/life/down';
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';
import { dayPrice, priceOrUnknown } from './bill-table.ts';
import { infra } from './infra.ts';

export interface Priced {
  kind: string;
  id: string;
  name: string;
  state: string;
  usdADay: number | null;
}

export interface Prices {
  of(items: readonly Item[]): Priced[];
  sum(items: readonly Priced[]): string;
  kinds: number;
}

/** Prices of what stands, in an environment's region. */
export async function prices(environment: Environment): Promise<Prices> {
  const { ratesOf } = await infra(() => import('@genai/infra/bill/rates'));
  const { dayPriceOf } = await infra(() => import('@genai/infra/life/leftover-price'));
  const { ITEM_KINDS } = await infra(() => import('@genai/infra/aws/inventory/item'));
  const rates = ratesOf(environment.region);
  return {
    of: (items) =>
      items.map((item) => ({
        kind: item.kind,
        id: item.id,
        name: item.name,
        state: item.state,
        usdADay: dayPriceOf(item, rates, environment.sizes.databaseMinAcu),
      })),
    sum: (items) =>
      dayPrice(
        items.map((item) => item.usdADay),
        rates.yenPerUsd.rate,
      ),
    kinds: ITEM_KINDS.length,
  };
}

/** The proof in words and as data. */
export function proofOf(io: Io, result: DownResult, price: Prices): { data: object; human: string } {
  const [left, kept] = [price.of(result.left), price.of(result.kept)];
  const lines: string[] = [];
  const stacks = result.stacksLeft.map((name) => ({ kind: 'stack', id: name, name, state: '', usdADay: 0 }));
  const budgets = result.budgetLeft ? [{ kind: 'budget', id: 'budget', name: 'budget', state: '', usdADay: 0 }] : [];
  const all = [...stacks, ...budgets, ...left];
  if (all.length > 0) lines.push(io.text('down.left', { count: all.length, day: price.sum(all) }), table(io, all));
  if (result.unreadable.length > 0)
    lines.push(io.text('down.unreadable', { kinds: result.unreadable.map(({ kind, reason }) => `${kind} (${reason})`).join(', ') }));
  if (result.isEmpty) lines.push(io.text('down.empty', { kinds: price.kinds }));
  if (kept.length > 0) lines.push(io.text('down.kept', { day: price.sum(kept) }), table(io, kept));
  const data = { good: result.isEmpty, left: all, kept, unreadable: result.unreadable, stacksKept: result.stacksKept, dayPriceLeft: price.sum(all) };
  return { data, human: lines.join('\n') };
}

function table(io: Io, rows: readonly Priced[]): string {
  const header = [io.text('status.kind'), 'ID', io.text('plan.state'), io.text('status.a-day')];
  return renderTable(
    header,
    rows.map((row) => [row.kind, row.id, row.state || '-', priceOrUnknown(io, row.usdADay)]),
  );
}
