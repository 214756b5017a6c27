// The traces table shows what was said, not the JSON around it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { previewText } from './preview.ts';

describe('previewText', () => {
  it('shows the last text of whole JSON', () => {
    expect(previewText('[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi\\nthere"}]')).toBe('Hi there');
    expect(previewText('{"question":"育児休業は？"}')).toBe('育児休業は？');
    expect(previewText('{"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"1"}}]}')).toBe('f(1)');
  });

  it('shows the text that has begun in cut-off JSON', () => {
    expect(previewText('[{"role":"user","content":"Why does this \\"thing')).toBe('Why does this "thing');
    expect(previewText('[{"role":"user","content":"\\u3042\\u30')).toBe('あ');
    expect(previewText('{"messages":[{"role":"user","content":[{"type":"text","text":"Look at')).toBe('Look at');
  });

  it('leaves other texts as they are', () => {
    expect(previewText('plain text')).toBe('plain text');
    expect(previewText('{"order_id":1042}')).toBe('{"order_id":1042}');
    expect(previewText(null)).toBeNull();
  });

  it('never throws, wherever the JSON is cut', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(60),
        (value, at) => typeof previewText(JSON.stringify({ content: value, text: JSON.stringify(value) }).slice(0, at)) === 'string',
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void previewText(text)));
  });
});
