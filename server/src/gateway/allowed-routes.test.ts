import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRoute, type KeyDoor, opens } from './allowed-routes.ts';

const CALLS = ['/v1/chat/completions', '/v1/messages', '/v1beta/models/gemini:generateContent', '/v1/models', '/openai/files', '/v1/responses/resp_1'];
const ADMIN = ['/key/generate', '/key/info', '/team/new', '/model/info', '/spend/logs', '/global/spend', '/config/update'];

describe('allowed_routes', () => {
  it('open LiteLLM’s named groups and nothing beside them', () => {
    const opened = (group: string) => [...CALLS.filter((path) => opens([group], path, 'llm')), ...ADMIN.filter((path) => opens([group], path, 'admin'))];
    expect(opened('llm_api_routes')).toEqual(CALLS);
    expect(opened('openai_routes')).toEqual(['/v1/chat/completions', '/v1/models', '/v1/responses/resp_1']);
    expect(opened('anthropic_routes')).toEqual(['/v1/messages']);
    expect(opened('google_routes')).toEqual(['/v1beta/models/gemini:generateContent']);
    expect(opened('mapped_pass_through_routes')).toEqual(['/openai/files']);
    expect(opened('info_routes')).toEqual(['/v1/models', '/key/info', '/model/info']);
    expect(opened('management_routes')).toEqual(['/key/generate', '/key/info', '/team/new', '/model/info']);
    expect(opened('key_management_routes')).toEqual(['/key/generate', '/key/info']);
    expect(opened('spend_tracking_routes')).toEqual(['/spend/logs']);
    expect(opened('global_spend_tracking_routes')).toEqual(['/global/spend']);
    expect(opened('no_such_routes')).toEqual([]);
  });
  it('open files and batches as OpenAI’s, but behind a provider’s own beginning as the provider’s', () => {
    for (const path of ['/v1/files', '/batches/batch_1/cancel']) expect(opens(['openai_routes'], path, 'llm'), path).toBe(true);
    for (const path of ['/openai/v1/files', '/azure/v1/batches/batch_1']) {
      expect(opens(['openai_routes'], path, 'llm'), path).toBe(false);
      expect(opens(['mapped_pass_through_routes'], path, 'llm'), path).toBe(true);
    }
  });
  it('take exact paths, endings in * and parts in braces', () => {
    expect(opens(['/key/info'], '/key/info', 'admin')).toBe(true);
    expect(opens(['/key/info'], '/key/information', 'admin')).toBe(false);
    expect(opens(['/v1/chat/*'], '/v1/chat/completions', 'llm')).toBe(true);
    expect(opens(['/key/{key}/regenerate'], '/key/sk-1/regenerate', 'admin')).toBe(true);
    expect(opens(['/key/{key}/regenerate'], '/key/a/b/regenerate', 'admin')).toBe(false);
    expect(opens(['/key/{key}/regenerate'], '/key//regenerate', 'admin')).toBe(false);
  });
  it('take the names of one call for one another, and for nothing else', () => {
    for (const path of ['/chat/completions', '/v1/chat/completions', '/openai/deployments/m/chat/completions', '/engines/m/chat/completions'])
      expect(opens(['/chat/completions'], path, 'llm'), path).toBe(true);
    for (const path of ['/v1/completions', '/v1/embeddings', '/v1/models', '/v1/messages', '/openai/v1/chat/completions'])
      expect(opens(['/chat/completions'], path, 'llm'), path).toBe(false);
    expect(opens(['/v1/messages'], '/v1/messages/count_tokens', 'llm')).toBe(false);
    expect(opens(['/responses'], '/v1/responses/resp_1', 'llm')).toBe(false);
    expect(opens(['/chat/completions'], '/v1/chat/completions', 'admin')).toBe(false);
  });
  it('let no pattern be left by climbing', () => {
    for (const path of ['/openai/files/../chat', '/openai/files/%2e%2e/chat', '/openai/files/..%2fchat', '/openai/files/%', '/openai/files/..\\chat'])
      expect(opens(['/openai/files/*'], path, 'llm'), path).toBe(false);
    expect(opens(['/openai/deployments/*'], '/openai/deployments/azure%2Fgpt/chat/completions', 'llm')).toBe(true);
  });
  it('say in the refusal what is open; without a list everything is', () => {
    expect(() => checkRoute({}, '/anything', 'admin')).not.toThrow();
    expect(() => checkRoute({ allowedRoutes: ['llm_api_routes'] }, '/key/list?page=1', 'admin')).toThrow(/llm_api_routes.*Tried to call route: \/key\/list$/);
    expect(() => checkRoute({ allowedRoutes: [] }, '/key/list', 'admin')).toThrow();
  });
  it('never open a path that no entry begins with, whatever the path is', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom<KeyDoor>('llm', 'admin'), (path, door) => {
        expect(opens(['/openai/files/*'], path, door)).toBe(path.startsWith('/openai/files/') && opens(['/openai/files/*'], path, door));
        expect(opens(['llm_api_routes'], path, 'admin')).toBe(false);
      }),
    );
  });
});
