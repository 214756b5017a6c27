// Which values each pod gets as variables, and from which field of Secrets Manager each comes.
import type { StackOutputs } from '#outputs.ts';
import type { PlatformSecretField } from '#secrets/platform-secret.ts';
import { CLICKHOUSE_SECRET } from './clickhouse.ts';
import { BOOTSTRAP_PASSWORDS, BOOTSTRAP_SECRET } from './databases.ts';
import { type Component, labelsOf } from './labels.ts';
import { OBSERVE_INIT_SECRET, OBSERVE_SECRET } from './langfuse.ts';
import { GATEWAY_MIGRATION_SECRET, GATEWAY_SECRET } from './litellm.ts';
import { DATABASES, NAMESPACE } from './names.ts';
import type { SecretField, SecretSpec, SecretText } from './secrets.ts';

const spec = (component: Component, name: string, entries: Readonly<Record<string, SecretText>>): SecretSpec => ({
  name,
  namespace: NAMESPACE,
  labels: labelsOf(component),
  entries,
});

const only = (field: SecretField): SecretText => ({ parts: [field] });

/** All Secrets of an environment, by the wave in which they are first read. */
export function secretSpecs(outputs: StackOutputs, providerVariables: readonly string[]) {
  const platform = (field: PlatformSecretField): SecretField => ({ secretArn: outputs.platformSecretArn, field });
  const administrator = (field: 'username' | 'password'): SecretField => ({ secretArn: outputs.databaseSecretArn, field });
  const cachePassword: SecretField = { secretArn: outputs.cacheSecretArn, field: 'password' };
  const databaseUrl = (door: keyof typeof DATABASES, password: PlatformSecretField): SecretText => ({
    parts: [
      `postgresql://${DATABASES[door].user}:`,
      platform(password),
      `@${outputs.databaseHost}:${outputs.databasePort}/${DATABASES[door].database}?sslmode=require`,
    ],
  });
  const gatewayUrl = databaseUrl('gateway', 'litellmDatabasePassword');
  return {
    clickhouse: [spec('clickhouse', CLICKHOUSE_SECRET, { CLICKHOUSE_PASSWORD: only(platform('clickhousePassword')) })],
    databases: [
      spec('database-bootstrap', BOOTSTRAP_SECRET, {
        PGUSER: only(administrator('username')),
        PGPASSWORD: only(administrator('password')),
        [BOOTSTRAP_PASSWORDS.gateway]: only(platform('litellmDatabasePassword')),
        [BOOTSTRAP_PASSWORDS.observe]: only(platform('langfuseDatabasePassword')),
      }),
    ],
    migrations: [
      spec('gateway-migration', GATEWAY_MIGRATION_SECRET, { DATABASE_URL: gatewayUrl }),
      spec('web', OBSERVE_SECRET, {
        DATABASE_URL: databaseUrl('observe', 'langfuseDatabasePassword'),
        CLICKHOUSE_PASSWORD: only(platform('clickhousePassword')),
        REDIS_AUTH: only(cachePassword),
        SALT: only(platform('langfuseSalt')),
        ENCRYPTION_KEY: only(platform('langfuseEncryptionKey')),
        NEXTAUTH_SECRET: only(platform('nextAuthSecret')),
      }),
    ],
    services: [
      spec('gateway', GATEWAY_SECRET, {
        DATABASE_URL: gatewayUrl,
        REDIS_PASSWORD: only(cachePassword),
        LITELLM_MASTER_KEY: only(platform('litellmMasterKey')),
        LITELLM_SALT_KEY: only(platform('litellmSaltKey')),
        LANGFUSE_PUBLIC_KEY: only(platform('projectPublicKey')),
        LANGFUSE_SECRET_KEY: only(platform('projectSecretKey')),
        UI_PASSWORD: only(platform('adminPassword')),
        ...Object.fromEntries(providerVariables.map((name) => [name, only({ secretArn: outputs.platformSecretArn, field: name })])),
      }),
      spec('web', OBSERVE_INIT_SECRET, {
        LANGFUSE_INIT_PROJECT_PUBLIC_KEY: only(platform('projectPublicKey')),
        LANGFUSE_INIT_PROJECT_SECRET_KEY: only(platform('projectSecretKey')),
        LANGFUSE_INIT_USER_PASSWORD: only(platform('adminPassword')),
      }),
    ],
  } as const;
}
