// The values behind the pods' Secrets: read from Secrets Manager, completed once, never printed.
import { createHash } from 'node:crypto';
import type { KubernetesObject } from '#k8s/object.ts';
import { renderSecret, type SecretField, secretArnsOf } from '#k8s/secrets.ts';
import type { Wave } from '#k8s/waves.ts';
import type { StackOutputs } from '#outputs.ts';
import { completePlatformSecret, PLATFORM_SECRET_FIELDS } from '#secrets/platform-secret.ts';
import { type LifeContext, LifeError } from './context.ts';

type Fields = Readonly<Record<string, string>>;

async function readFields(context: LifeContext, arn: string): Promise<Fields> {
  const text = await context.cloud.secrets.read(arn);
  if (text === null) throw new LifeError('secrets.absent', { arn });
  return JSON.parse(text) as Fields;
}

export interface PlatformSecrets {
  values: Fields;
  changed: boolean;
}

/**
 * Completes the platform's own secret.
 * @param saved values of a backup: they win over what a new stack generated, so that yesterday's keys work. @param providerKeys variables of model providers
 */
export async function completeSecrets(context: LifeContext, outputs: StackOutputs, given: { saved: Fields; providerKeys: Fields }): Promise<PlatformSecrets> {
  const current = await readFields(context, outputs.platformSecretArn);
  const { values, changed } = completePlatformSecret({ ...current, ...given.saved }, given.providerKeys);
  const isNew = changed || Object.keys(given.saved).some((field) => given.saved[field] !== current[field]);
  if (isNew) {
    await context.cloud.secrets.write(outputs.platformSecretArn, JSON.stringify(values));
    context.report.say('secrets.completed', { count: Object.keys(values).length });
  }
  return { values, changed: isNew };
}

/** Names of the providers' variables in the secret. */
export function providerVariablesOf(values: Fields): string[] {
  const fixed: readonly string[] = PLATFORM_SECRET_FIELDS;
  return Object.keys(values)
    .filter((field) => !fixed.includes(field))
    .toSorted();
}

/** Changes when a value changes; tells nothing about the values. */
export function versionOf(values: Fields): string {
  const sorted = Object.entries(values).toSorted(([first], [second]) => (first < second ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 12);
}

/** Reads each ARN once for a whole run. */
export function secretReader(context: LifeContext): (wave: Wave) => Promise<KubernetesObject[]> {
  const known = new Map<string, Fields>();
  return async (wave) => {
    for (const arn of secretArnsOf(wave.secrets)) if (!known.has(arn)) known.set(arn, await readFields(context, arn));
    return wave.secrets.map((spec) => renderSecret(spec, (field) => valueIn(known, field)));
  };
}

function valueIn(known: ReadonlyMap<string, Fields>, { secretArn, field }: SecretField): string {
  const value = known.get(secretArn)?.[field];
  if (value === undefined) throw new LifeError('secrets.field', { arn: secretArn, field });
  return value;
}
