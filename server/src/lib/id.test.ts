import { describe, expect, it } from 'vitest';
import { dashed, newCallId, spanIdOf } from './id.ts';

describe('call ids', () => {
  it('are UUIDv7 and sort by time', () => {
    const first = newCallId(1_700_000_000_000);
    const second = newCallId(1_700_000_000_001);
    expect(dashed(first)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(first < second).toBe(true);
    expect(spanIdOf(first)).toHaveLength(16);
  });
  it('do not repeat', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => newCallId(1)));
    expect(ids.size).toBe(10_000);
  });
});
