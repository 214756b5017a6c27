// The fields of the environment's own secret in Secrets Manager: which exist, what each is for, and how a missing one is made.
import { randomBytes } from 'node:crypto';

type Random = (size: number) => Buffer;

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Letters and digits only: ClickHouse's and URLs' readers stumble over others. 62 divides 248, so bytes from 248 on are dropped to keep every character equally likely. */
function alphanumeric(length: number, random: Random): string {
  let text = '';
  while (text.length < length) {
    for (const byte of random(length)) if (byte < 248 && text.length < length) text += ALPHANUMERIC[byte % 62];
  }
  return text;
}

const uuid = (random: Random): string => {
  const bytes = random(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** Fixed fields → how a value is made. Contracts: LiteLLM's keys begin with `sk-`; Langfuse's ENCRYPTION_KEY is 64 hex digits, its keys begin with `pk-lf-` and `sk-lf-`. */
const MAKERS = {
  litellmDatabasePassword: (random: Random) => alphanumeric(32, random),
  langfuseDatabasePassword: (random: Random) => alphanumeric(32, random),
  clickhousePassword: (random: Random) => alphanumeric(32, random),
  litellmMasterKey: (random: Random) => `sk-${alphanumeric(40, random)}`,
  litellmSaltKey: (random: Random) => `sk-${alphanumeric(40, random)}`,
  langfuseSalt: (random: Random) => alphanumeric(44, random),
  langfuseEncryptionKey: (random: Random) => random(32).toString('hex'),
  nextAuthSecret: (random: Random) => alphanumeric(44, random),
  projectPublicKey: (random: Random) => `pk-lf-${uuid(random)}`,
  projectSecretKey: (random: Random) => `sk-lf-${uuid(random)}`,
  adminPassword: (random: Random) => alphanumeric(24, random),
} as const;

/** A fixed field of the platform secret. */
export type PlatformSecretField = keyof typeof MAKERS;
/** All fixed fields. */
export const PLATFORM_SECRET_FIELDS = Object.keys(MAKERS) as readonly PlatformSecretField[];

/**
 * Completes the secret: existing values stay for ever (data is encrypted under some of them), missing ones are made.
 * @param current the secret's JSON as it is now (the stack creates it with one generated field), or what a backup holds.
 * @param providerKeys variables of the models' providers (`AZURE_API_KEY`) with their values; these replace stored ones, so that a rotated key is taken over.
 * @returns the whole secret and whether it must be written.
 */
export function completePlatformSecret(
  current: Readonly<Record<string, string>>,
  providerKeys: Readonly<Record<string, string>> = {},
  random: Random = randomBytes,
): { readonly values: Readonly<Record<string, string>>; readonly changed: boolean } {
  const values: Record<string, string> = { ...current };
  for (const field of PLATFORM_SECRET_FIELDS) if (!values[field]) values[field] = MAKERS[field](random);
  Object.assign(values, providerKeys);
  const changed = Object.keys(values).some((field) => values[field] !== current[field]);
  return { values, changed };
}
