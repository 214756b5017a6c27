import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compatDocument, markOf, marksIn, operations, placeOf, routePlaces, servedPlaces } from './compat-doc.ts';
import { routeLines } from './routes-doc.ts';

const document = readFileSync(join(import.meta.dirname, '..', 'docs', 'compat', 'litellm.md'), 'utf8');

describe('docs/compat/litellm.md', () => {
  it('says of no operation that it is served when the route table lacks it, nor the reverse', () => {
    const routes = routePlaces(routeLines());
    for (const [place, mark] of marksIn(document))
      expect(`${place} ${routes.has(place)}`, 'run ./scripts/node scripts/compat-doc.ts').toBe(`${place} ${mark !== 'no'}`);
  });
  it('is what its script writes', () => {
    expect(compatDocument(routeLines(), null, document) === document, 'run ./scripts/node scripts/compat-doc.ts').toBe(true);
  });
  it('counts every operation of the reference once', () => {
    const [, done, partial, no] = /^(\d+) done, (\d+) partial, (\d+) no\.$/m.exec(document) as RegExpExecArray;
    expect(Number(done) + Number(partial) + Number(no)).toBe(operations().length);
  });
});

describe('a mark', () => {
  const operation = { group: 'g', method: 'GET', path: '/v1/models/{model_id}' };
  it('takes parameters of any name and pattern for the same place', () => {
    expect(placeOf('GET', '/v1/models/:id{.+}')).toBe(placeOf('GET', '/v1/models/{model_id}'));
    expect(placeOf('GET', '/key/list/')).toBe(placeOf('GET', '/key/list'));
  });
  it('is done only after a good answer in a run', () => {
    const routes = new Set([placeOf('GET', '/v1/models/:id')]);
    expect(markOf(operation, routes, new Set())).toBe('partial');
    expect(markOf(operation, routes, servedPlaces(['GET /v1/models/:id']))).toBe('done');
    expect(markOf(operation, new Set(), new Set())).toBe('no');
  });
  it('covers every path of an endpoint of the data plane', () => {
    const served = servedPlaces(['call chat']);
    expect(served.has('POST /v1/chat/completions')).toBe(true);
    expect(served.has('POST /v1/embeddings')).toBe(false);
    expect(servedPlaces(['call models']).has('GET /v1/models')).toBe(true);
  });
});
