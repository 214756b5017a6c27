import { describe, expect, it } from 'vitest';
import { openApiDocument } from '#http/openapi.ts';
import { llmRoutes } from './llm-routes.ts';
import { matchPath, PATHS } from './paths.ts';
import { readRequest } from './request.ts';

const chat = llmRoutes().find((route) => route.path === '/v1/chat/completions');

describe('the documented data plane', () => {
  it('lists every path that the data plane matches, and only those', () => {
    const paths = llmRoutes().map((route) => route.path);
    for (const path of PATHS.keys()) expect(paths).toContain(path);
    for (const path of paths) expect(matchPath(path.replace(/:model(?:\{\.\+(:\w+)\})?/, 'some/model$1').replace(/:servers?/, 'some')), path).not.toBeNull();
  });
  it('refuses a model by the same rule as the reader of bodies', () => {
    for (const body of [{ messages: [] }, { model: '', messages: [] }, { model: 7, messages: [] }, { model: ['a', 'b'], messages: [] }]) {
      expect(chat?.body?.safeParse(body).success, JSON.stringify(body)).toBe(false);
      expect(() => readRequest(Buffer.from(JSON.stringify(body)), null, 'chat'), JSON.stringify(body)).toThrow();
    }
    const good = { model: 'a/b', messages: [{ role: 'user', content: 'x' }], unknown_field: { kept: true } };
    expect(chat?.body?.safeParse(good).success).toBe(true);
    expect(readRequest(Buffer.from(JSON.stringify(good)), null, 'chat').model).toBe('a/b');
  });
  it('stands in the OpenAPI document with its body', () => {
    const document = openApiDocument(llmRoutes(), '0.0.0') as { paths: Record<string, { post?: { requestBody?: unknown } }> };
    expect(JSON.stringify(document.paths['/v1/chat/completions']?.post?.requestBody)).toContain('"messages"');
    expect(document.paths['/openai/deployments/{model}/chat/completions']).toBeDefined();
  });
});
