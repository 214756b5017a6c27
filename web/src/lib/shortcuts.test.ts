// Shortcuts: single keys, g-sequences, and silence while somebody types.
import { describe, expect, it } from 'vitest';
import { belongsToInput, nextKey } from './shortcuts.ts';

const shortcuts = { 'g o': () => undefined, 'g k': () => undefined, j: () => undefined, k: () => undefined, '?': () => undefined };
const plain = { ctrlKey: false, metaKey: false, altKey: false, isComposing: false };

describe('shortcuts', () => {
  it('wait after g and then take the sequence, not the single key', () => {
    expect(nextKey(shortcuts, '', 'g')).toEqual({ match: null, pending: 'g' });
    expect(nextKey(shortcuts, 'g', 'k')).toEqual({ match: 'g k', pending: '' });
    expect(nextKey(shortcuts, '', 'k')).toEqual({ match: 'k', pending: '' });
  });

  it('count a broken sequence as a fresh key', () => {
    expect(nextKey(shortcuts, 'g', 'j')).toEqual({ match: 'j', pending: '' });
    expect(nextKey(shortcuts, 'g', 'x')).toEqual({ match: null, pending: '' });
  });

  it('are silent in fields, with modifiers and while an input method composes', () => {
    expect(belongsToInput(plain, { tagName: 'INPUT' })).toBe(true);
    expect(belongsToInput({ ...plain, ctrlKey: true }, { tagName: 'DIV' })).toBe(true);
    expect(belongsToInput({ ...plain, isComposing: true }, { tagName: 'DIV' })).toBe(true);
    expect(belongsToInput(plain, { tagName: 'DIV' })).toBe(false);
  });
});
