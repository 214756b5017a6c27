// Composition without a store: tags, replacement, cycles, depth, size; and that no text at all breaks the parser.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Dependency, dependenciesOf, type Found, type PromptContent, resolveContent } from './composition.ts';

const prompt = (name: string, content: PromptContent, version = 1): Found => ({ id: `${name}-${version}`, name, version, type: 'text', prompt: content });
const among = (...stored: Found[]) => {
  const labelled = new Map(stored.map((row) => [row.name, row]));
  return async (wanted: Dependency) =>
    'version' in wanted ? (stored.find((row) => row.name === wanted.name && row.version === wanted.version) ?? null) : (labelled.get(wanted.name) ?? null);
};
const tag = (name: string, by = 'label=production') => `@@@langfusePrompt:name=${name}|${by}@@@`;

describe('composition', () => {
  it('finds each prompt that is named once, and leaves malformed tags as text', async () => {
    const content = `${tag('a')} ${tag('a')} ${tag('b', 'version=2')} @@@langfusePrompt:b@@@ @@@langfusePrompt:name=c|version=x@@@`;
    expect(dependenciesOf(content)).toEqual([
      { name: 'a', label: 'production' },
      { name: 'b', version: 2 },
    ]);
    expect(
      dependenciesOf([
        { role: 'user', content: tag('a') },
        { type: 'placeholder', name: 'history' },
      ]),
    ).toHaveLength(1);
    expect((await resolveContent(prompt('root', '@@@langfusePrompt:nobody@@@'), among())).prompt).toBe('@@@langfusePrompt:nobody@@@');
  });

  it('replaces through levels and says what came from where', async () => {
    const find = among(prompt('tone', 'be $& kind'), prompt('rules', `obey; ${tag('tone')}`, 3));
    const resolved = await resolveContent(prompt('root', [{ role: 'system', content: `${tag('rules', 'version=3')} / ${tag('tone')}` }]), find);
    expect(resolved).toEqual({
      prompt: [{ role: 'system', content: 'obey; be $& kind / be $& kind' }],
      graph: {
        root: { name: 'root', version: 1, id: 'root-1' },
        dependencies: {
          'root-1': [
            { name: 'rules', version: 3, id: 'rules-3' },
            { name: 'tone', version: 1, id: 'tone-1' },
          ],
          'rules-3': [{ name: 'tone', version: 1, id: 'tone-1' }],
        },
      },
    });
  });

  it('refuses what is missing, a chat, a circle, six levels and a bomb', async () => {
    const refusals: [string, RegExp, Found[]][] = [
      [tag('absent'), /^Prompt dependency not found: absent - label production$/, []],
      [tag('chat'), /not a text prompt/, [prompt('chat', [{ role: 'user', content: 'x' }])]],
      [tag('a'), /^Circular dependency/, [prompt('a', tag('b')), prompt('b', tag('a'))]],
      [tag('root', 'version=1'), /^Circular dependency/, [prompt('root', 'older')]],
      [tag('l1'), /^Maximum nesting depth exceeded \(5\)$/, [1, 2, 3, 4, 5, 6].map((level) => prompt(`l${level}`, level === 6 ? 'end' : tag(`l${level + 1}`)))],
      [tag('b1').repeat(40), /longer than/, [1, 2, 3, 4].map((level) => prompt(`b${level}`, level === 4 ? 'x'.repeat(40) : tag(`b${level + 1}`).repeat(60)))],
    ];
    for (const [content, message, stored] of refusals)
      await expect(resolveContent({ ...prompt('root', content), id: 'new', version: 2 }, among(...stored))).rejects.toThrow(message);
  });

  it('takes any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.string(), fc.constantFrom('@@@langfusePrompt:', '@@@', 'name=', '|', 'version=1', 'label='))), async (parts) => {
        const text = parts.join('');
        const find = async ({ name }: Dependency) => prompt(name, 'inserted');
        const outcome = await resolveContent(prompt('\u0000root', text), find);
        if (dependenciesOf(text).length === 0) expect(outcome.prompt).toBe(text);
      }),
    );
  });
});
