// What a test needs beyond Node: present, or skipped with one printed line, or (GENAI_REQUIRE) a failure.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PATHS: Record<string, readonly string[]> = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  faketime: ['/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1'],
  haproxy: ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'],
  // A local AWS; scripts/python-env.sh installs it.
  moto: [join(import.meta.dirname, '../.cache/python/bin/moto_server')],
  'cfn-lint': [join(import.meta.dirname, '../.cache/python/bin/cfn-lint')],
  // LiteLLM in the version of the image that the AWS objects pin; scripts/python-env.sh litellm-image installs it.
  litellm: [join(import.meta.dirname, '../.cache/python-litellm-image/bin/litellm')],
  // Server and client of ClickHouse itself, from Debian.
  clickhouse: ['/usr/sbin/clickhouse-server', '/usr/bin/clickhouse-server'],
  psql: ['/usr/lib/postgresql/15/bin/psql', '/usr/bin/psql'],
};

/** Langfuse's Python SDKs exclude each other: an environment a generation (scripts/python-env.sh). GENAI_REQUIRE=python demands all of them. */
for (const name of ['langfuse-2', 'langfuse-3', 'langfuse-4', 'langfuse-5', 'streamlit', 'gateway']) {
  PATHS[`python-${name}`] = [join(import.meta.dirname, `../.cache/python-${name}/bin/python`)];
}

/** The program's path when this machine has it; null after printing why the tests that need it are skipped. @throws when GENAI_REQUIRE names it and it is missing. */
export function need(name: keyof typeof PATHS & string): string | null {
  const found = (PATHS[name] ?? []).find((path) => existsSync(path));
  if (found !== undefined) return found;
  const required = (process.env.GENAI_REQUIRE ?? '').split(',');
  if (required.includes(name) || required.includes(name.split('-', 1)[0] as string)) throw new Error(`${name} is required here and is not installed`);
  console.log(`skipped: tests that need ${name} (not installed on this machine)`);
  return null;
}
