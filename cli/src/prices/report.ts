// Prices as a person reads them.
import type { Io } from '#io.ts';
import { renderTable } from '#table.ts';

export interface PriceAnswer {
  model: string;
  prices: { of: string; price: Record<'id' | 'input' | 'output' | 'cachedInput' | 'cacheCreationInput', string | null> | null }[];
  history: { input: string; output: string; from: string; to: string | null }[];
}

export interface PriceUpdateAnswer {
  applied: boolean;
  models: number;
  new: number;
  changed: number;
  unchanged: number;
  withoutTokenPrice: number;
  faults: { model: string; reason: string }[];
}

export function priceText(io: Io, { prices, history }: PriceAnswer): string {
  const header = [io.text('prices.of'), io.text('prices.input'), io.text('prices.output'), io.text('prices.cached'), io.text('prices.source')];
  const rows = prices.map(({ of, price }) =>
    price === null ? [of, '-', '-', '-', io.text('prices.unknown')] : [of, price.input ?? '-', price.output ?? '-', price.cachedInput ?? '-', price.id ?? ''],
  );
  const past =
    history.length < 2 ? [] : ['', io.text('prices.history'), ...history.map(({ input, output, from, to }) => `  ${from} - ${to ?? ''}  ${input} / ${output}`)];
  return [io.text('prices.unit'), renderTable(header, rows), ...past].join('\n');
}

export function updateText(io: Io, source: string, answer: PriceUpdateAnswer): string {
  const values = { source, models: answer.models, new: answer.new, changed: answer.changed, unchanged: answer.unchanged, without: answer.withoutTokenPrice };
  const faults = answer.faults.slice(0, 10).map(({ model, reason }) => `  ${model}: ${reason}`);
  return [
    io.text(answer.applied ? 'prices.updated' : 'prices.looked', values),
    ...(faults.length === 0 ? [] : [io.text('prices.faults', { count: answer.faults.length }), ...faults]),
  ].join('\n');
}
