import { describe, expect, it } from 'vitest';
import { mediaReferences } from './media-references.ts';

const token = (type: string, id: string) => `@@@langfuseMedia:type=${type}|id=${id}|source=base64_data_uri@@@`;

describe('media references', () => {
  it('are each named once, wherever they stand', () => {
    const raw = JSON.stringify({ a: token('image/png', 'one'), b: [`see ${token('audio/wav', 'two')}`, token('image/png', 'one')] });
    expect(mediaReferences(raw)).toEqual([
      { id: 'one', contentType: 'image/png' },
      { id: 'two', contentType: 'audio/wav' },
    ]);
    expect(mediaReferences(raw.replaceAll('/', '\\/'))).toEqual(mediaReferences(raw));
  });

  it('are at most twenty, and none in other text', () => {
    expect(mediaReferences(Array.from({ length: 30 }, (_, index) => token('image/png', `m${index}`)).join(' '))).toHaveLength(20);
    expect(mediaReferences('@@@langfuseMedia:type=image/png|id=../../x|source=y@@@ plain')).toEqual([]);
  });
});
