// The bill adds up, says what it does not know, and compares the ways of using the platform.
import { describe, expect, it } from 'vitest';
import { sampleEnvironment } from '#sample-fixture.ts';
import { billOf, HOURS_A_MONTH, seedBill } from './bill.ts';
import { nodesNeeded } from './nodes.ts';
import { ratesOf, withYenPerUsd } from './rates.ts';

const tokyo = ratesOf('ap-northeast-1');
const bill = billOf(sampleEnvironment(), tokyo);
const cents = (usd: number): number => Math.round(usd * 100);

describe('the price table of Tokyo', () => {
  it('has one row a key, each with its source, and a day or the word that the source gives none', () => {
    expect(new Set(tokyo.prices.map(({ key }) => key)).size).toBe(tokyo.prices.length);
    for (const { key, usd, source, date } of tokyo.prices) {
      if (usd === null) continue;
      expect([key, source === null]).toEqual([key, false]);
      if (date === null) expect([key, source]).toEqual([key, expect.stringMatching(/undated|not given/)]);
    }
  });
  it('is not from the future', () => {
    for (const { date } of [...tokyo.prices, tokyo.yenPerUsd]) if (date !== null) expect(date <= '2026-11-26').toBe(true);
  });
});

describe('a bill', () => {
  it('is the sum of its parts, an hour, a day and a month', () => {
    expect(cents(bill.parts.reduce((sum, { month }) => sum + month.usd, 0))).toBe(cents(bill.month.usd));
    expect(bill.day.usd).toBeCloseTo(bill.hour.usd * 24, 9);
    expect(bill.month.usd).toBeCloseTo(bill.hour.usd * HOURS_A_MONTH, 9);
  });

  it('counts what the reference counted: control plane, one NAT gateway and one load balancer are 4.47 USD a day', () => {
    const fixed = bill.parts.filter(({ price }) => ['eks-cluster', 'nat-gateway', 'load-balancer'].includes(price.key));
    expect(fixed.reduce((sum, { day }) => sum + day.usd, 0)).toBeCloseTo(4.47, 2);
    const seed = seedBill(tokyo).parts.filter(({ price }) => ['eks-cluster', 'nat-gateway', 'load-balancer'].includes(price.key));
    expect(seed.reduce((sum, { day }) => sum + day.usd, 0)).toBeCloseTo(6.54, 2);
  });

  it('speaks yen at the rate it shows', () => {
    expect(bill.month.yen).toBeCloseTo(bill.month.usd * tokyo.yenPerUsd.rate, 6);
    expect(billOf(sampleEnvironment(), withYenPerUsd(tokyo, 150, '2026-11-26')).month.yen).toBeCloseTo(bill.month.usd * 150, 6);
  });

  it('is complete for the default environment in Tokyo', () =>
    expect([bill.month.atLeast, bill.parts.filter(({ price }) => price.usd === null)]).toEqual([false, []]));

  it('says "at least" and which price is missing when one is unknown', () => {
    const unknown = billOf(sampleEnvironment({ sizes: { cacheNodeType: 'cache.r7g.large' } }), tokyo);
    expect([unknown.hour.atLeast, unknown.day.atLeast, unknown.month.atLeast, unknown.weekend.total.atLeast, unknown.eveningDestroyed.month.atLeast]).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(unknown.parts.filter(({ price }) => price.usd === null).map(({ name }) => name)).toEqual(['Valkey']);
    expect(unknown.month.usd).toBeLessThan(bill.month.usd);
  });

  it('knows no price of a region without a table, and says so', () => {
    const elsewhere = billOf(sampleEnvironment({ region: 'eu-west-1' }), ratesOf('eu-west-1'));
    expect([elsewhere.month.usd, elsewhere.month.atLeast]).toEqual([0, true]);
  });

  it('compares the evening-destroyed month and the forgotten weekend', () => {
    expect(bill.eveningDestroyed).toMatchObject({ days: 20, hoursADay: 11 });
    expect(bill.eveningDestroyed.month.usd).toBeCloseTo(bill.hour.usd * 220, 9);
    expect(bill.weekend.total.usd).toBeCloseTo(bill.hour.usd * 61, 9);
  });

  it("is below the seed's own form, which is never called complete", () => {
    expect(seedBill(tokyo).month.usd).toBeGreaterThan(bill.month.usd);
    expect(seedBill(tokyo).month.atLeast).toBe(true);
  });

  it('never prices the database below what the connection pools keep awake', () => {
    const paused = billOf(sampleEnvironment({ sizes: { databaseMinAcu: 0 } }), tokyo);
    expect(paused.parts.find(({ price }) => price.key === 'aurora-acu')?.quantity).toBe(0.5);
  });

  it('is there for all four combinations of products', () => {
    for (const gateway of ['litellm', 'native'] as const)
      for (const observe of ['langfuse', 'native'] as const) expect(billOf(sampleEnvironment({ gateway, observe }), tokyo).month.usd).toBeGreaterThan(100);
  });
});

describe('the number of nodes', () => {
  it('is what the pods fit into, two at least', () => {
    expect(nodesNeeded(sampleEnvironment())).toBe(2);
    expect(nodesNeeded(sampleEnvironment({ sizes: { replicas: { gateway: 8, web: 2, worker: 2 } } }))).toBeGreaterThan(3);
    expect(nodesNeeded(sampleEnvironment({ sizes: { nodeInstanceType: 'r6g.xlarge' } }))).toBe(2);
  });
});
