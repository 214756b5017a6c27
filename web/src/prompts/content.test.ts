// What is typed becomes a prompt or one of two faults, and a prompt becomes comparable lines.
import { describe, expect, it } from 'vitest';
import { comparedText, editedText, readContent, variablesOf } from './content.ts';

describe('the content of a prompt', () => {
  it('survives the editor', () => {
    const chat = [
      { role: 'system', content: 'Be {{tone}}' },
      { type: 'placeholder' as const, name: 'history' },
    ];
    expect(readContent('chat', editedText(chat))).toEqual({ prompt: chat });
    expect(readContent('text', 'any {{text}}')).toEqual({ prompt: 'any {{text}}' });
  });

  it('names what is wrong', () => {
    expect(readContent('chat', '[{"role":')).toEqual({ fault: 'not-json' });
    expect(readContent('chat', '{"role":"user"}')).toEqual({ fault: 'not-messages' });
    expect(readContent('chat', '[{"role":"user"}]')).toEqual({ fault: 'not-messages' });
  });

  it('is compared line by line with its configuration', () => {
    expect(comparedText({ prompt: [{ role: 'user', content: 'a' }], config: { temperature: 0 } })).toBe('[user]\na\n\nconfig: {\n  "temperature": 0\n}\n');
    expect(comparedText({ prompt: 'a', config: {} })).toBe('a\n');
  });

  it('says its variables once, Japanese names included', () => {
    expect(variablesOf('{{ name }} と {{質問}} {{name}} {{}} {{1x}}')).toEqual(['name', '質問']);
  });
});
