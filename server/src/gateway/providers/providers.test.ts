// How each provider addresses its upstream: base, path, credentials, and the fields that it renames or refuses.
import { describe, expect, it } from 'vitest';
import { DEPLOYMENT } from '#gateway/test-gateway-fixture.ts';
import type { Deployment } from '#settings/settings.ts';
import { QUIRKS } from './openai-compatible/quirks.ts';
import { providerOf } from './registry.ts';

const upstream = (facts: Partial<Deployment>, dropParams = false) => {
  const deployment = { ...DEPLOYMENT, ...facts };
  return providerOf(deployment).upstream(deployment, dropParams);
};
const azure = (facts: Partial<Deployment>) => upstream({ provider: 'azure', providerName: 'azure', apiBase: 'https://x.openai.azure.com/', ...facts });

describe('azure', () => {
  it.each([
    [{}, '/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21'],
    [{ apiVersion: '2025-01-01-preview' }, '/openai/deployments/my%20dep/chat/completions?api-version=2025-01-01-preview'],
    [{ apiVersion: 'v1' }, '/openai/v1/chat/completions'],
    [{ apiVersion: 'preview' }, '/openai/v1/chat/completions?api-version=preview'],
    [{ apiBase: 'https://x.openai.azure.com/openai/v1/' }, '/openai/v1/chat/completions'],
    [{ apiBase: 'https://x.openai.azure.com/openai' }, '/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21'],
    [
      { apiBase: 'https://x/openai/deployments/fixed/chat/completions?api-version=2024-06-01' },
      '/openai/deployments/fixed/chat/completions?api-version=2024-06-01',
    ],
    [{ apiBase: 'https://apim.example/team/a' }, '/team/a/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21'],
  ] as [Partial<Deployment>, string][])('%j is called at %s', (facts, path) => {
    expect(azure(facts).path('chat', 'my dep')).toBe(path);
  });

  it('sends the api-key or the Entra ID token, never both, and says what is missing', () => {
    expect(azure({ apiKey: 'k' }).headers).toContain('api-key');
    const token = azure({ apiKey: 'k', azureAdToken: 't' }).headers;
    expect(token).toContain('Bearer t');
    expect(token).not.toContain('api-key');
    expect(() => azure({ apiKey: null })).toThrow('AZURE_API_KEY');
    expect(() => azure({ apiBase: null })).toThrow('AZURE_API_BASE');
    expect(() => azure({ apiBase: 'https://user:secret@x' })).toThrow('api_base');
  });

  it('refuses names that would climb the path', () => {
    for (const name of ['', '.', '..']) expect(() => azure({}).path('chat', name)).toThrow('Azure deployment name');
    expect(azure({}).path('chat', '../../x')).toContain('..%2F..%2Fx');
  });
});

describe('openai and compatible providers', () => {
  it('uses OpenAI’s base, or api_base with or without a key', () => {
    expect(upstream({})).toMatchObject({ origin: 'https://api.openai.com', apiBase: 'https://api.openai.com/v1' });
    expect(upstream({}).path('embeddings', 'm')).toBe('/v1/embeddings');
    expect(() => upstream({ apiKey: null })).toThrow('OPENAI_API_KEY');
    expect(upstream({ apiKey: null, apiBase: 'http://127.0.0.1:8000/v1' }).headers).not.toContain('authorization');
    expect(upstream({ organization: 'org', extraHeaders: { 'X-Team': 'a' } }).headers).toEqual(
      expect.arrayContaining(['openai-organization', 'org', 'x-team', 'a']),
    );
  });

  it('renames max_tokens for reasoning models and drops sampling parameters only when told to', () => {
    for (const model of ['o1', 'o3-mini', 'gpt-5', 'gpt-5-mini']) expect([...upstream({ upstreamModel: model }).rename.keys()]).toEqual(['max_tokens']);
    for (const model of ['gpt-4o', 'gpt-5-chat-latest', 'omni-moderation']) expect(upstream({ upstreamModel: model }).rename.size).toBe(0);
    expect(upstream({ upstreamModel: 'o3' }).drop.size).toBe(0);
    expect(upstream({ upstreamModel: 'o3' }, true).drop.has('temperature')).toBe(true);
  });

  it.each(Object.entries(QUIRKS))('%s gets its fields renamed and without those that it refuses', (providerName, quirk) => {
    const made = upstream({ provider: 'openai-compatible', providerName, apiBase: 'https://api.example/v1' });
    expect(made.path('chat', 'm')).toBe('/v1/chat/completions');
    expect(Object.fromEntries(made.rename)).toEqual(quirk.rename ?? {});
    expect([...made.drop]).toEqual(quirk.drop ?? []);
    expect(made.streamUsage).toBe(quirk.streamUsage ?? true);
  });

  it('passes an unknown prefix through when it has a base', () => {
    const facts: Partial<Deployment> = { provider: 'openai-compatible', providerName: 'constructor', apiBase: 'https://my.example/v9?tenant=1' };
    expect(upstream(facts).path('chat', 'm')).toBe('/v9/chat/completions?tenant=1');
    expect(() => upstream({ ...facts, apiBase: null })).toThrow('api_base');
  });
});
