// What every store of responses does: each owner's own, whole conversations or none, gone when removed or over.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { NewResponse, ResponseStore } from './port.ts';

/** Runs the suite; `open` is called once a test. */
export function describeResponseStore(name: string, open: () => ResponseStore): void {
  const fresh = (fields: Partial<NewResponse> = {}): NewResponse => ({
    id: `resp_${randomUUID()}`,
    owner: 'team:a',
    previousId: null,
    deploymentId: 'dep',
    content: { input: '[]', response: '{"output":[]}' },
    expiresAtMs: Date.now() + 60_000,
    ...fields,
  });
  describe(`${name} keeps responses`, () => {
    it('for their owner alone, with or without content', async () => {
      const store = open();
      const whole = fresh();
      const elsewhere = fresh({ content: null });
      await store.keep(whole);
      await store.keep(elsewhere);
      expect(await store.find(whole.id, 'team:a')).toMatchObject({ id: whole.id, deploymentId: 'dep', content: whole.content });
      expect((await store.find(elsewhere.id, 'team:a'))?.content).toBeNull();
      expect([await store.find(whole.id, 'key:a'), await store.conversation(whole.id, 'key:a', 1e6), await store.remove(whole.id, 'key:a')]).toEqual([
        null,
        null,
        false,
      ]);
      expect(await store.find(whole.id, 'team:a')).not.toBeNull();
    });
    it('once: an id that exists stays with its owner', async () => {
      const store = open();
      const first = fresh();
      await store.keep(first);
      await store.keep({ ...first, owner: 'team:thief', content: null });
      expect(await store.find(first.id, 'team:thief')).toBeNull();
      expect((await store.find(first.id, 'team:a'))?.content).not.toBeNull();
    });
    it('in order, oldest first, and not at all when an earlier turn is gone', async () => {
      const store = open();
      const first = fresh();
      const second = fresh({ previousId: first.id });
      const third = fresh({ previousId: second.id });
      for (const turn of [first, second, third]) await store.keep(turn);
      expect((await store.conversation(third.id, 'team:a', 1e6))?.map(({ id }) => id)).toEqual([first.id, second.id, third.id]);
      await expect(store.conversation(third.id, 'team:a', 10)).rejects.toThrow('longer than one call');
      expect(await store.remove(second.id, 'team:a')).toBe(true);
      expect(await store.conversation(third.id, 'team:a', 1e6)).toBeNull();
      expect((await store.conversation(first.id, 'team:a', 1e6))?.length).toBe(1);
      expect(await store.remove(second.id, 'team:a')).toBe(false);
    });
    it('until their time is over; a turn that is gone on from lives as long as the one after it', async () => {
      const store = open();
      const brief = fresh({ expiresAtMs: Date.now() - 1 });
      const first = fresh({ expiresAtMs: Date.now() + 400 });
      await store.keep(brief);
      await store.keep(first);
      await store.keep(fresh({ previousId: first.id }));
      expect(await store.find(brief.id, 'team:a')).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await store.find(first.id, 'team:a')).not.toBeNull();
    });
  });
}
