// The traces table shows what was said, not the JSON around it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { previewText } from './preview.ts';

describe('previewText', () => {
  it('shows the last text of whole JSON', () => {
    expect(previewText('[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi\\nthere"}]', 'input')).toBe('Hi there');
    expect(previewText('{"question":"育児休業は？"}', 'input')).toBe('育児休業は？');
    expect(previewText('{"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"1"}}]}', 'input')).toBe('f(1)');
  });

  it('shows the text that has begun in cut-off JSON', () => {
    expect(previewText('[{"role":"user","content":"Why does this \\"thing', 'input')).toBe('Why does this "thing');
    expect(previewText('[{"role":"user","content":"\\u3042\\u30', 'input')).toBe('あ');
    expect(previewText('{"messages":[{"role":"user","content":[{"type":"text","text":"Look at', 'input')).toBe('Look at');
  });

  it('prefers what the user said over an answer before it and over a text of which one character has arrived', () => {
    expect(previewText('[{"role":"user","content":"Why does this query scan?"},{"role":"assistant","content":"It lacks an index on', 'input')).toBe(
      'Why does this query scan?',
    );
    expect(previewText('[{"role":"user","content":"次の会議メモを整えて"},{"role":"assistant","content":"はい"},{"role":"user","content":"決', 'input')).toBe(
      '次の会議メモを整えて',
    );
  });

  it('leaves other texts as they are', () => {
    expect(previewText('plain text', 'input')).toBe('plain text');
    expect(previewText('{"order_id":1042}', 'input')).toBe('{"order_id":1042}');
    expect(previewText(null, 'input')).toBeNull();
  });

  it('never throws, wherever the JSON is cut', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(60),
        (value, at) => typeof previewText(JSON.stringify({ content: value, text: JSON.stringify(value) }).slice(0, at), 'output') === 'string',
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void previewText(text, 'input')));
  });
});
