// general_settings.pass_through_endpoints: what is read, what is refused with its line, and which deployments lend their credential.
import { describe, expect, it } from 'vitest';
import { readLiteLlmConfig } from './litellm-config.ts';
import { Notes } from './notes.ts';

function read(text: string, environment: Record<string, string> = {}) {
  const notes = new Notes();
  return { ...readLiteLlmConfig({ text, path: 'config.yaml', environment, notes }).gatewayConfig, notes: notes.list() };
}
const endpoint = (fields: string) => read(`general_settings:\n  pass_through_endpoints:\n    - { ${fields} }\n`, { RERANK_KEY: 'k' });

describe('a pass-through endpoint', () => {
  it('is read with its headers, whose variables are resolved', () => {
    const { passThroughEndpoints, notes } = endpoint(
      'path: /v1/rerank, target: "https://api.example/v2/rerank", headers: { Authorization: os.environ/RERANK_KEY, X-A: 1 }, include_subpath: true, methods: [post], cost_per_request: 0.002',
    );
    expect(notes).toEqual([]);
    expect(passThroughEndpoints).toEqual([
      {
        path: '/v1/rerank',
        target: 'https://api.example/v2/rerank',
        headers: { authorization: 'k', 'x-a': '1' },
        query: {},
        forwardHeaders: false,
        subpaths: true,
        methods: ['POST'],
        costPerRequest: '0.002',
      },
    ]);
  });
  it.each([
    ['target: "https://x"', 'path'],
    ['path: /a', 'target'],
    ['path: /key/generate, target: "https://x"', 'path'],
    ['path: /v1/chat/completions, target: "https://x"', 'path'],
    ['path: /ui, target: "https://x"', 'path'],
    ['path: /a/../b, target: "https://x"', 'path'],
    ['path: a, target: "https://x"', 'path'],
    ['path: /a, target: "file:///etc/passwd"', 'target'],
    ['path: /a, target: "https://user:secret@x"', 'target'],
    ['path: /a, target: "http://169.254.169.254/latest"', 'target'],
    ['path: /a, target: "http://metadata.google.internal/x"', 'target'],
    ['path: /a, target: "https://x", methods: [TRACE]', 'methods'],
    ['path: /a, target: "https://x", cost_per_request: free', 'cost_per_request'],
    ['path: /a, target: "https://x", headers: { "a b": c }', 'headers'],
    ['path: /a, target: "https://x", headers: { a: os.environ/ABSENT }', 'headers'],
  ])('%s is a fault of its %s', (fields, key) => {
    expect(
      endpoint(fields)
        .notes.filter(({ level }) => level === 'error')
        .map(({ path }) => path)[0],
    ).toContain(`pass_through_endpoints[0].${key}`);
  });
  it('needs a key always, and says so', () => {
    expect(endpoint('path: /a, target: "https://x", auth: false').notes).toMatchObject([
      { level: 'warning', path: 'general_settings.pass_through_endpoints[0].auth' },
    ]);
  });
});

describe('a deployment', () => {
  it('lends its credential to its provider’s route only when it says so', () => {
    const { deployments } = read(`
model_list:
  - { model_name: a, litellm_params: { model: openai/a, api_key: k, use_in_pass_through: true } }
  - { model_name: b, litellm_params: { model: openai/b, api_key: k } }
`);
    expect(deployments.map(({ passThrough }) => passThrough)).toEqual([true, false]);
  });
});
