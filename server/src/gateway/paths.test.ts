// What a request target means to the data plane: its own endpoints, models in paths, endpoints that are not built, and everything that is somebody else's.
import { describe, expect, it } from 'vitest';
import { matchPath } from './paths.ts';
import { MASTER_KEY, startTestGateway } from './test-gateway-fixture.ts';

describe('a path', () => {
  it.each([
    ['/v1/chat/completions?x=1', 'call', 'chat', null],
    ['/engines/a%2Fb/completions', 'call', 'completions', 'a/b'],
    ['/openai/deployments/m/chat/completions', 'call', 'chat', 'm'],
    ['/v1/messages?beta=true', 'call', 'messages', null],
    ['/openai/v1/responses', 'call', 'responses', null],
    ['/moderations', 'call', 'moderations', null],
    ['/v2/rerank', 'call', 'rerank', null],
    ['/audio/speech', 'call', 'speech', null],
    ['/images/variations', 'call', 'image-variations', null],
    ['/v1/images/generations', 'call', 'image-generations', null],
    ['/openai/deployments/m/images/edits', 'call', 'image-edits', 'm'],
    ['/v1/audio/transcriptions', 'call', 'transcriptions', null],
    ['/openai/deployments/team%2Fm/audio/translations?api-version=1', 'call', 'translations', 'team/m'],
    ['/v1beta/models/team/m:streamGenerateContent?alt=sse', 'call', 'generate-content', 'team/m'],
    ['/v1/models/m:countTokens', 'count-tokens', 'generate-content', 'm'],
  ])('%s is %s of %s', (path, kind, endpoint, pathModel) => {
    expect(matchPath(path)).toMatchObject({ kind, endpoint, pathModel });
  });
  it.each(['/v1/images/upscale', '/v1/audio/voices', '/openai/deployments/m/images/upscale', '/v1/responses/compact', '/v1/responses/resp_1/more/parts'])(
    '%s is known as not built',
    (path) => expect(matchPath(path)).toEqual({ kind: 'absent', path }),
  );
  it.each(['/', '/ui/files/x', '/imagesx', '/key/list', '/v1/models/m:unknown/%', '/api/public/files'])('%s is not the data plane’s', (path) => {
    expect(matchPath(path)).toBeNull();
  });
});

describe('a stored response', () => {
  it.each([
    ['/v1/responses/resp_1?include[]=x', null],
    ['/responses/resp_1/input_items', 'input_items'],
    ['/openai/v1/responses/resp_1/cancel', 'cancel'],
  ])('is meant by %s', (path, part) => {
    expect(matchPath(path)).toEqual({ kind: 'response', endpoint: 'responses', id: 'resp_1', part });
  });
});

describe('files and batches', () => {
  it.each([
    ['/v1/files?limit=1', { kind: 'file', provider: null, id: null, part: null }],
    ['/files/file-1/content', { kind: 'file', provider: null, id: 'file-1', part: 'content' }],
    ['/openai/batches?api-version=2024-10-21', { kind: 'batch', provider: null, id: null, part: null }],
    ['/openai/v1/batches/batch_1/cancel', { kind: 'batch', provider: null, id: 'batch_1', part: 'cancel' }],
    ['/azure/v1/files/file-1', { kind: 'file', provider: 'azure', id: 'file-1', part: null }],
  ])('are meant by %s', (path, match) => expect(matchPath(path)).toEqual(match));
  it.each(['/api/files', '/v1/files/a/b', '/v1/files/a/content/b', '/v2/batches', '/somebody/v1/files', '/v1/batches/b/content'])(
    'are not meant by %s',
    (path) => {
      expect(['file', 'batch']).not.toContain(matchPath(path)?.kind);
    },
  );
});

describe('an endpoint that is not built', () => {
  it('answers 501 in OpenAI’s envelope, by whatever method', async () => {
    const test = await startTestGateway({});
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await fetch(`${test.url}/v1/vector_stores/f_1`, { method, headers: { authorization: `Bearer ${MASTER_KEY}` } });
      expect([answer.status, await answer.json()]).toMatchObject([
        501,
        { error: { code: '501', type: 'not_supported', message: expect.stringContaining('/v1/vector_stores/f_1') } },
      ]);
    }
    await test.close();
  });
});
