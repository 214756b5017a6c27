// Snippets survive pasting whatever the model is called.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type SnippetKind, snippet } from './snippet.ts';

const options = { gateway: 'http://127.0.0.1:4000/', model: 'gpt-4o-mini', mode: 'chat', prompt: "It's a test" };

describe('snippet', () => {
  it('quotes the body so that a shell gives it on unchanged', () => {
    const text = snippet('curl', options).replace(/^curl/, 'printf "%s\\n"');
    const printed = execFileSync('sh', ['-c', text], { encoding: 'utf8', env: { GENAI_API_KEY: 'sk-test' } }).split('\n');
    expect(printed[0]).toBe('http://127.0.0.1:4000/v1/chat/completions');
    expect(printed).toContain('Authorization: Bearer sk-test');
    expect(JSON.parse(printed.at(-2) ?? '')).toEqual({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: "It's a test" }] });
  });

  it('calls the embeddings route for an embedding model', () => {
    for (const kind of ['curl', 'python', 'typescript'] satisfies SnippetKind[])
      expect(snippet(kind, { ...options, mode: 'embedding' })).toContain('embeddings');
  });
});
