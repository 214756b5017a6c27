// The masking of projects as the house opens it: keyed by the instance secret, counted among the metrics.
import { type MaskingDirectory, openMasking } from '#observe/masking/directory.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { HouseInput } from './house.ts';

/** @throws AppError 503 while the records are away: nothing is accepted unmasked. */
export async function openMaskingOf({ stores, identity, log }: Pick<HouseInput, 'stores' | 'identity' | 'log'>, metrics: Metrics): Promise<MaskingDirectory> {
  const masked = metrics.counter({ name: 'genai_masked_total', help: 'Replacements by masking rules before anything was stored', labels: ['rule'] });
  return await openMasking(stores.records, {
    secret: identity.instanceSecret,
    count: (rule) => masked.add(1, rule),
    onError: (error) => log.warn('masking rules could not be read; those known so far stay', { error }),
  });
}
