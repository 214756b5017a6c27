// Writes docs/compat/litellm.md: each operation of LiteLLM's API beside our route table, and whether the end-to-end run got a good answer from it.
// FILE (optional) holds what such a run answered with 2xx, as e2e/process.ts writes it with GENAI_SERVED_ROUTES; without it the marks of the last run are kept.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BATCH_PREFIXES } from '../server/src/gateway/batches/paths.ts';
import { PATHS, RESPONSE_PREFIXES } from '../server/src/gateway/paths.ts';
import { REALTIME_PATHS } from '../server/src/gateway/realtime/paths.ts';
import { type RouteLine, routeLines } from './routes-doc.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'compat');
const documentPath = join(folder, 'litellm.md');

export interface Operation {
  readonly group: string;
  readonly method: string;
  readonly path: string;
}

export type Mark = 'done' | 'partial' | 'no';

/** The reference's operations. */
export function operations(): Operation[] {
  const lines = readFileSync(join(folder, 'litellm-operations.tsv'), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [group = '', method = '', path = ''] = line.split('\t');
      return { group, method, path };
    });
}

/** `/v1/models/{id}`, `/v1/models/:id` and `/v1/models/:id{.+}` are the same place. */
export function placeOf(method: string, path: string): string {
  return `${method} ${path
    .replace(/:\w+\{\.\+(:\w+)\}/g, '*$1')
    .replace(/(?<=\/):\w+(?:\{[^}]*\})?|\{[^}]*\}/g, '*')
    .replace(/(.)\/$/, '$1')}`;
}

/** What a run served well: `METHOD pattern` of a route, or `call endpoint` (`call models`, `call count-tokens`) of the data plane. */
export function servedPlaces(lines: readonly string[]): Set<string> {
  const places = new Set<string>();
  const endpoints = new Set(lines.filter((line) => line.startsWith('call ')).map((line) => line.slice('call '.length)));
  for (const [path, match] of PATHS) {
    const name = match.kind === 'call' ? match.endpoint : match.kind;
    if (endpoints.has(name)) places.add(placeOf(match.kind === 'models' ? 'GET' : 'POST', path));
  }
  for (const name of endpoints) for (const place of responsePlaces(name)) places.add(place);
  for (const line of lines) {
    const [method = '', path = ''] = line.split(' ');
    if (method !== 'call' && path !== '') places.add(placeOf(method, path));
  }
  return places;
}

/** `response GET input_items`, `file POST all`, `batch GET one`: a stored response, a file, a batch, by whichever of its prefixes. `pass-through GET /openai`: a provider's route. */
function responsePlaces(name: string): string[] {
  const [kind, method = '', part] = name.split(' ');
  if (kind === 'realtime-session' || kind === 'realtime') return realtimePlaces(kind === 'realtime' && method === 'client_secrets' ? 'secrets' : 'socket');
  if (kind === 'file' || kind === 'batch')
    return BATCH_PREFIXES.map(([prefix, provider]) =>
      placeOf(method, `${provider === null ? prefix : '/:provider/v1'}/${kind === 'file' ? 'files' : 'batches'}${BELOW[part ?? ''] ?? `/:id/${part}`}`),
    );
  if (kind === 'pass-through') return [placeOf(method, `${part}/*`)];
  return kind === 'response' ? RESPONSE_PREFIXES.map((prefix) => placeOf(method, `${prefix}:response${part === undefined ? '' : `/${part}`}`)) : [];
}

/** Sessions, and the secrets that open them. */
function realtimePlaces(part: 'socket' | 'secrets'): string[] {
  return [...REALTIME_PATHS].flatMap(([path, match]) => (match.part === part ? [placeOf(part === 'socket' ? 'GET' : 'POST', path)] : []));
}

/** The places of the route table. */
export function routePlaces(lines: readonly Pick<RouteLine, 'method' | 'path'>[]): Set<string> {
  return new Set(lines.flatMap(({ method, path }) => [placeOf(method, path), placeOf(method, anyProvider(path))]));
}

/** LiteLLM's operations of files and batches name any provider; ours those that have them. */
function anyProvider(path: string): string {
  const named = BATCH_PREFIXES.find(([prefix, provider]) => provider !== null && path.startsWith(`${prefix}/`));
  return named === undefined ? path : `/:provider/v1${path.slice(named[0].length)}`;
}

const BELOW: Readonly<Record<string, string>> = { all: '', one: '/:id' };

/** done = served, and the run had a good answer from it; partial = served, tested beside its code only; no = absent. */
export function markOf(operation: Operation, routes: ReadonlySet<string>, served: ReadonlySet<string>): Mark {
  const place = placeOf(operation.method, operation.path);
  if (served.has(place)) return 'done';
  return routes.has(place) ? 'partial' : 'no';
}

/** The marks that the document holds, by place. */
export function marksIn(document: string): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const [, method, path, mark] of document.matchAll(/^\| (\w+) \| `([^`]+)` \| (done|partial|no) \|$/gm))
    marks.set(placeOf(method as string, path as string), mark as Mark);
  return marks;
}

/** The document. `served` null = keep what `before` says was done. */
export function compatDocument(lines: readonly RouteLine[], served: ReadonlySet<string> | null, before: string): string {
  const routes = routePlaces(lines);
  const kept = marksIn(before);
  const done = served ?? new Set([...kept].filter(([place, mark]) => mark === 'done' && routes.has(place)).map(([place]) => place));
  const groups = new Map<string, string[]>();
  const count: Record<Mark, number> = { done: 0, partial: 0, no: 0 };
  for (const operation of operations()) {
    const mark = markOf(operation, routes, done);
    count[mark]++;
    const rows = groups.get(operation.group) ?? [];
    rows.push(`| ${operation.method} | \`${operation.path}\` | ${mark} |`);
    groups.set(operation.group, rows);
  }
  const served_ = [...groups].filter(([, rows]) => rows.some((row) => !row.endsWith('| no |')));
  const absent = [...groups].filter(([, rows]) => rows.every((row) => row.endsWith('| no |')));
  return `# LiteLLM's operations

Generated by \`./scripts/node scripts/compat-doc.ts\`; do not edit. The list of operations is \`litellm-operations.tsv\`.
\`done\`: served, and the end-to-end run had a good answer from it. \`partial\`: served and tested beside its code, not by that run. \`no\`: absent, answered 404 or 501.

${count.done} done, ${count.partial} partial, ${count.no} no.

${served_.map(([group, rows]) => `## ${group}\n\n| Method | Path | State |\n| --- | --- | --- |\n${rows.join('\n')}\n`).join('\n')}
## Groups without any served operation

| Group | Operations |
| --- | --- |
${absent.map(([group, rows]) => `| ${group} | ${rows.length} |`).join('\n')}
`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const file = process.argv[2];
  const served = file === undefined ? null : servedPlaces(readFileSync(file, 'utf8').split('\n'));
  let before = '';
  try {
    before = readFileSync(documentPath, 'utf8');
  } catch {
    // The first document.
  }
  writeFileSync(documentPath, compatDocument(routeLines(), served, before));
}
