// docs/scale.md holds the tables that scripts/scale.ts computes, and these follow from the costs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callScale, STORED_PER_SECOND, spanScale, withTables } from './scale.ts';

it('the page has the tables of today', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/scale.md'), 'utf8');
  expect(withTables(page)).toBe(page);
});

it('ten times the calls need ten times of what grows with calls', () => {
  const [one, ten] = [callScale(10_000), callScale(100_000)];
  expect(ten.gatewayCores / one.gatewayCores).toBeCloseTo(10, 0);
  expect(ten.redisCommandsPerSecond).toBe(10 * one.redisCommandsPerSecond);
  expect(spanScale(1e10).clickhouseTb).toBeCloseTo(10 * spanScale(1e9).clickhouseTb, 1);
});

it('names the storing worker as soon as it is too slow, and not before', () => {
  expect(callScale(STORED_PER_SECOND).firstBottleneck).not.toContain('worker');
  expect(callScale(STORED_PER_SECOND + 1).firstBottleneck).toContain('worker');
});
