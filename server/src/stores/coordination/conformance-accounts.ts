// What the money accounts of every coordination must do; run by each adapter's test through conformance.ts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Accounts, Coordination, Hold, HoldAnswer } from './port.ts';

/** `stored` is what the records hold: shared accounts read it themselves, others are told. */
export type MakeCoordination = (stored: ReadonlyMap<string, bigint>) => Promise<{ coordination: Coordination; remove(): Promise<void> }>;

const UNIT = 1_000_000_000_000n;

/** A coordination of its own for one test, with `stored` in the records. */
function usingOf(make: MakeCoordination) {
  return (stored: Record<string, bigint>, work: (accounts: Accounts) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const known = new Map(Object.entries(stored));
      const made = await make(known);
      try {
        for (const [key, picos] of known) made.coordination.accounts.adopt(key, picos);
        await work(made.coordination.accounts);
      } finally {
        await made.coordination.close();
        await made.remove();
      }
    };
}

function holdOf(answer: HoldAnswer): Hold {
  if (!answer.held) throw new Error(`refused by ${answer.refusedBy}`);
  return answer.hold;
}

export function accountsConformance(name: string, make: MakeCoordination): void {
  holdsConformance(name, make);
  amountsConformance(name, make);
}

function holdsConformance(name: string, make: MakeCoordination): void {
  const using = usingOf(make);
  describe(`accounts on ${name}`, () => {
    it(
      'hold while spent and held are below the maximum, and in strict mode only what fits',
      using({ k: 90n }, async (accounts) => {
        const limit = [{ key: 'k', maxPicos: 100n }];
        expect(await accounts.hold(limit, 11n, true)).toEqual({ held: false, refusedBy: 0, spentPicos: 90n });
        const first = holdOf(await accounts.hold(limit, 10n, false));
        expect(await accounts.hold(limit, 0n, false)).toMatchObject({ held: false, spentPicos: 90n });
        await accounts.settle(first, 3n);
        await accounts.settle(first, 3n);
        expect(accounts.spentPicos('k')).toBe(93n);
        expect((await accounts.hold(limit, 7n, true)).held).toBe(true);
        expect((await accounts.hold(limit, 0n, false)).held).toBe(false);
      }),
    );

    it(
      'hold in all accounts or in none, and count those without a maximum',
      using({}, async (accounts) => {
        const roomy = { key: 'all', maxPicos: 1_000n };
        const full = { key: 'k', maxPicos: 0n };
        const free = { key: 'free', maxPicos: null };
        expect(await accounts.hold([roomy, full], 900n, false)).toMatchObject({ held: false, refusedBy: 1 });
        const hold = holdOf(await accounts.hold([roomy, free], 900n, true));
        await accounts.settle(hold, 400n);
        expect(await accounts.hold([roomy], 601n, true)).toMatchObject({ held: false, spentPicos: 400n });
        expect((await accounts.hold([roomy], 600n, true)).held).toBe(true);
        await expect.poll(() => accounts.spentPicos('free')).toBe(400n);
      }),
    );

    it(
      'never let more in than the maximum when many come at once',
      using({}, async (accounts) => {
        const answers = await Promise.all(Array.from({ length: 50 }, async () => accounts.hold([{ key: 'k', maxPicos: 70n }], 10n, true)));
        expect(answers.filter((answer) => answer.held)).toHaveLength(7);
      }),
    );
  });
}

function amountsConformance(name: string, make: MakeCoordination): void {
  const using = usingOf(make);
  describe(`amounts on ${name}`, () => {
    it(
      'count exactly beyond what a double holds, in parts of a picodollar of millions',
      using({ k: 9_000_000n * UNIT + 1n }, async (accounts) => {
        const limit = [{ key: 'k', maxPicos: 9_000_000n * UNIT + 4n }];
        await accounts.settle(holdOf(await accounts.hold(limit, 2n, true)), 2n);
        expect(accounts.spentPicos('k')).toBe(9_000_000n * UNIT + 3n);
        expect((await accounts.hold(limit, 2n, true)).held).toBe(false);
        expect((await accounts.hold(limit, 1n, true)).held).toBe(true);
      }),
    );

    it(
      'follow an administrator who changes what was spent, never below zero, and forget',
      using({ k: 5n }, async (accounts) => {
        holdOf(await accounts.hold([{ key: 'k', maxPicos: 100n }], 1n, false));
        await accounts.adjust('k', -3n);
        expect(accounts.spentPicos('k')).toBe(2n);
        await accounts.adjust('k', -30n);
        expect(accounts.spentPicos('k')).toBe(0n);
        await accounts.forget('k');
        expect(accounts.spentPicos('k')).toBe(0n);
      }),
    );

    it(
      'agree with plain arithmetic whatever the order of holds and settlements',
      using({}, async (accounts) => {
        await agreesWithArithmetic(accounts);
      }),
    );
  });
}

const MAX = 20n * UNIT;
let run = 0;

async function agreesWithArithmetic(accounts: Accounts): Promise<void> {
  const amount = fc.bigInt({ min: 0n, max: 3n * UNIT });
  const calls = fc.array(fc.record({ picos: amount, actual: amount, settles: fc.boolean() }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(calls, (sequence) => walk(accounts, sequence)),
    { numRuns: 40 },
  );
}

async function walk(accounts: Accounts, calls: { picos: bigint; actual: bigint; settles: boolean }[]): Promise<void> {
  const key = `run-${run++}`;
  let spent = 0n;
  const open: { hold: Hold; actual: bigint }[] = [];
  for (const { picos, actual, settles } of calls) {
    const taken = open.reduce((sum, entry) => sum + entry.hold.picos, spent);
    const answer = await accounts.hold([{ key, maxPicos: MAX }], picos, true);
    expect(answer.held).toBe(taken < MAX && taken + picos <= MAX);
    if (answer.held) open.push({ hold: answer.hold, actual });
    const next = settles ? open.shift() : undefined;
    if (next === undefined) continue;
    spent += next.actual;
    await accounts.settle(next.hold, next.actual);
    expect(accounts.spentPicos(key)).toBe(spent);
  }
}
