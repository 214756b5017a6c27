// Writes docs/routes.md from the route lists that the house mounts; `--check` only says whether the file is up to date (exit code 1 when not).
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAdminRoutes } from '../server/src/gateway/admin/routes.ts';
import { llmRoutes } from '../server/src/gateway/llm-routes.ts';
import type { Route, Surface } from '../server/src/http/route.ts';
import { managementRoutes } from '../server/src/identity/management-routes.ts';
import { createIngestRoutes } from '../server/src/observe/ingest/routes.ts';
import { forwardedReadRoutes } from '../server/src/observe/read-routes.ts';
import { createRecordRoutes } from '../server/src/observe/record-routes.ts';
import { createPlatformRoutes } from '../server/src/platform-routes.ts';

const path = join(import.meta.dirname, '..', 'docs', 'routes.md');

/** A line of the documentation. */
export type RouteLine = Pick<Route, 'method' | 'path' | 'surface' | 'access' | 'summary'>;

/** The factories of house.ts by name, each with parts that may not be touched while routes are only listed. */
export const FACTORIES: Readonly<Record<string, () => Route[]>> = {
  llmRoutes,
  createPlatformRoutes: () => createPlatformRoutes(inert('the platform')),
  createAdminRoutes: () => createAdminRoutes(inert('the admin API')),
  createIngestRoutes: () => createIngestRoutes({ journal: inert('the journal') }),
  managementRoutes: () => managementRoutes(inert('the records')),
  createRecordRoutes: () =>
    createRecordRoutes({
      records: inert('the records'),
      blobs: inert('the blobs'),
      ask: async () => inert('the engine'),
      instanceSecret: Buffer.alloc(32),
      sandbox: null,
      outgoing: { egress: inert('the way out'), sealer: inert('the seal'), askModel: async () => inert('the models'), playground: inert('the gateway') },
      clients: inert('the ledger of clients'),
      alerts: { egress: inert('the way out'), sealer: inert('the seal'), mailer: null, timeZone: 'UTC', nowMs: () => 0, linkOf: () => '' },
      exports: { records: inert('the records'), sealer: inert('the seal'), openTarget: async () => inert('the bucket') },
      homeProjectId: () => '',
      version: '',
      ingestion: { journal: inert('the journal'), maskMedia: () => inert('the masking') },
    }),
  forwardedReadRoutes: () => forwardedReadRoutes(async () => inert('the engine')),
};

const SURFACES: readonly Surface[] = ['llm', 'admin', 'observe', 'console'];
const DOORS: Readonly<Record<Surface, string>> = { llm: '4000', admin: '4000', observe: '3000', console: '4000, 3000', internal: 'socket' };

/** Every line, by surface and path. */
export function routeLines(): RouteLine[] {
  const listed = Object.values(FACTORIES).flatMap((create) => create());
  return listed.sort((one, two) => SURFACES.indexOf(one.surface) - SURFACES.indexOf(two.surface) || order(one.path, two.path) || order(one.method, two.method));
}

const order = (one: string, two: string): number => (one < two ? -1 : one > two ? 1 : 0);

/** A part that throws as soon as it is used: listing routes must open nothing. */
function inert<Part extends object>(name: string): Part {
  return new Proxy({} as Part, {
    get(_, property) {
      throw new Error(`listing routes may not touch ${name}.${String(property)}`);
    },
  });
}

/** The whole document as Markdown text. */
export function routesDocument(lines: readonly RouteLine[] = routeLines()): string {
  const rows = lines.map(
    ({ method, path: place, surface, access, summary }) => `| ${method} | \`${place}\` | ${surface} | ${DOORS[surface]} | ${access.join(', ')} | ${summary} |`,
  );
  return `# Routes

Generated from the route lists of \`server/src\` by \`./scripts/node scripts/routes-doc.ts\`; do not edit. The same lists are mounted, guarded and turned into \`/openapi.json\`.

\`Door\` is the port (by default) whose clients use the path; while one process serves both doors, every path answers on both. The process role \`gateway\` serves
\`llm\`, \`admin\`, the probes, the login and of \`console\` what the ledger answers; \`observe\` serves everything but \`llm\`; \`all\` serves everything. With \`--expose llm\` only \`llm\` and the probes are left.

\`Who\`: \`virtual-key\` and \`master\` are keys of the gateway, \`project-key\` is a public and a secret key of a project (Basic), \`project-public-key\` the public one alone
(Bearer), \`organization-key\` is a public and a secret key of an organisation (Basic), \`user-*\` a person signed in to the console, \`anonymous\` anybody.

Not in the table: pages (\`/\`, \`/ui/*\`, \`/project/*\`), and the login library's \`/api/auth/sign-in/email\`, \`/api/auth/sign-out\`, \`/api/auth/change-password\`, \`/api/auth/get-session\`.

| Method | Path | Surface | Door | Who | What |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const wanted = routesDocument();
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error('docs/routes.md is out of date: run ./scripts/node scripts/routes-doc.ts');
    process.exitCode = 1;
  }
}
