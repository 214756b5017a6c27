// The committed routes page is the one that the route lists make, and the lists keep the rules of the table.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matchPath } from '../server/src/gateway/paths.ts';
import { FACTORIES, routeLines, routesDocument } from './routes-doc.ts';

const root = join(import.meta.dirname, '..');
const lines = routeLines();
/** Admin and console paths that anybody may read: probes, metrics and the document itself. */
const OPEN = /^\/(health\/(liveliness|liveness|readiness|drain)|metrics|openapi\.json|public\/model_hub(\/info)?)$/;

/** Google's methods stand behind the model in one segment: `:model{.+:countTokens}` is `some-model:countTokens`. */
const literal = (path: string): string => path.replace(/:model\{\.\+(:\w+)\}/, 'some-model$1');

describe('the route table', () => {
  it('is the one in docs/routes.md', () => expect(readFileSync(join(root, 'docs', 'routes.md'), 'utf8')).toBe(routesDocument()));

  it('has every list that the house mounts', () => {
    const imported = [...readFileSync(join(root, 'server/src/house.ts'), 'utf8').matchAll(/^import \{ (\w*Routes) \}/gm)].map((match) => match[1]);
    expect(imported.sort()).toEqual(Object.keys(FACTORIES).sort());
  });

  it('names a role and a summary for every route', () => {
    expect(lines.filter((line) => line.access.length === 0 || line.summary.trim() === '').map((line) => line.path)).toEqual([]);
  });

  it('lets nobody in without a credential but for probes, metrics, the document and the models that were made public', () => {
    const open = lines.filter((line) => (line.surface === 'admin' || line.surface === 'console') && line.access.includes('anonymous'));
    expect(open.filter((line) => !OPEN.test(line.path)).map((line) => line.path)).toEqual([]);
    expect(lines.filter((line) => line.surface === 'llm' && line.access.includes('anonymous'))).toEqual([]);
  });

  it('opens the observe surface to keys alone, but for its probes and for addresses that are signed', () => {
    const open = lines.filter((line) => line.surface === 'observe' && line.access.some((role) => !role.startsWith('project-') && role !== 'organization-key'));
    expect(open.map((line) => line.path)).toEqual([
      '/api/public/health',
      '/api/public/media/content/:projectId/:mediaId',
      '/api/public/media/upload/:projectId/:mediaId',
      '/api/public/ready',
    ]);
  });

  it('gives no method and path twice', () => {
    const names = lines.map((line) => `${line.method} ${literal(line.path).replace(/(?<=\/):\w+/g, ':')}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('names only data plane paths that the data plane takes, and no other path that it would take away', () => {
    for (const line of lines)
      expect([line.path, matchPath(literal(line.path).replace(/:(?:model|servers?)\b/, 'demo')) !== null]).toEqual([line.path, line.surface === 'llm']);
  });
});
