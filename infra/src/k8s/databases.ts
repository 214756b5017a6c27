// Two databases with an owner each on the one Aurora cluster, made by a Job that may run any number of times.
import { IMAGES } from '#images.ts';
import type { StackOutputs } from '#outputs.ts';
import { JOB_SERVICE_ACCOUNT } from './base.ts';
import { metadataOf } from './labels.ts';
import { DATABASES } from './names.ts';
import type { KubernetesObject } from './object.ts';
import { configAnnotation, configFile, job, scratch } from './pods.ts';
import { RESOURCES } from './resources.ts';

/** The Secret with PGUSER, PGPASSWORD and one password for each database. */
export const BOOTSTRAP_SECRET = 'database-bootstrap-env';
/** Variables of that Secret. */
export const BOOTSTRAP_PASSWORDS = { gateway: 'GATEWAY_PASSWORD', observe: 'OBSERVE_PASSWORD' } as const;

const CONFIG_MAP = 'database-bootstrap';
/** Of the image. */
const POSTGRES_UID = 999;

/** One database: its role, itself, and nobody else in it. The administrator must be a member of the owner to give it a database, because on Aurora it is no superuser. */
const statements = (door: keyof typeof DATABASES): string => {
  const { database, user } = DATABASES[door];
  return `\\getenv password ${BOOTSTRAP_PASSWORDS[door]}
SELECT 'CREATE ROLE ${user} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${user}') \\gexec
ALTER ROLE ${user} WITH LOGIN PASSWORD :'password';
GRANT ${user} TO CURRENT_USER;
SELECT 'CREATE DATABASE ${database} OWNER ${user}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${database}') \\gexec
REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
GRANT ALL ON DATABASE ${database} TO ${user};
`;
};

/** The script, for psql 14 or newer (\getenv). Passwords come from the environment and are never part of the text. */
export const bootstrapSql = (): string => `\\set ON_ERROR_STOP on
${statements('gateway')}
${statements('observe')}`;

/** The wave's objects. */
export function databaseObjects(outputs: StackOutputs): readonly KubernetesObject[] {
  const sql = bootstrapSql();
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf('database-bootstrap', CONFIG_MAP), data: { 'bootstrap.sql': sql } },
    job(
      'database-bootstrap',
      {
        component: 'database-bootstrap',
        image: IMAGES.postgres,
        architectures: IMAGES.postgres.architectures,
        serviceAccount: JOB_SERVICE_ACCOUNT,
        userId: POSTGRES_UID,
        readOnlyRoot: true,
        resources: RESOURCES.job,
        command: ['psql', '--no-psqlrc', '--quiet', '--file=/scripts/bootstrap.sql'],
        env: {
          PGHOST: outputs.databaseHost,
          PGPORT: String(outputs.databasePort),
          PGDATABASE: 'postgres',
          PGSSLMODE: 'require',
          PGCONNECT_TIMEOUT: '30',
          HOME: '/tmp',
        },
        secrets: [BOOTSTRAP_SECRET],
        mounts: [configFile('scripts', CONFIG_MAP, '/scripts/bootstrap.sql', 'bootstrap.sql'), scratch('tmp', '/tmp')],
        annotations: configAnnotation(sql),
      },
      600,
    ),
  ];
}
