// Sends the same calls to two gateways, one after the other, while the money lasts.
import { type Answer, call } from '#http.ts';
import { type ComparedAnswer, reduceAnswer } from './answer.ts';
import { type Difference, differencesOf } from './differences.ts';
import type { ComparedRequest } from './requests.ts';

export interface Side {
  url: string;
  key: string;
}

export interface Compared {
  name: string;
  differences: Difference[];
  a: { status: number; cost: number | null; elapsedMs: number };
  b: { status: number; cost: number | null; elapsedMs: number };
}

export interface Comparison {
  calls: Compared[];
  /** What both sides told that it cost, in dollars. */
  spent: number;
  /** Why the rest was not sent; null when everything was. */
  stopped: 'cost' | 'unknown-cost' | null;
  unsent: number;
}

export interface CompareOptions {
  a: Side;
  b: Side;
  requests: readonly ComparedRequest[];
  /** Dollars, for both sides together. */
  maxCost: number;
  /** What a call counts for whose cost nobody tells; null: the comparison stops at it. */
  unknownCost: number | null;
  timeoutMs: number;
  onCall(done: number): void;
}

/** Stops before the call that may go beyond the cap: it is taken to cost as much as the dearest so far. @throws Unreachable when a side cannot be reached. */
export async function compareCalls(options: CompareOptions): Promise<Comparison> {
  const calls: Compared[] = [];
  const money = { spent: 0, dearest: 0, dearestToken: 0 };
  let stopped: Comparison['stopped'] = null;
  for (const request of options.requests) {
    if (money.spent + money.dearest > options.maxCost) stopped = 'cost';
    if (stopped !== null) break;
    const [a, b] = [await send(options.a, request, options.timeoutMs), await send(options.b, request, options.timeoutMs)];
    calls.push({ name: request.name, differences: differencesOf(a, b), a: told(a), b: told(b) });
    if (request.method !== 'GET' && !count(money, [a, b], options.unknownCost)) stopped = 'unknown-cost';
    options.onCall(calls.length);
  }
  const unsent = options.requests.length - calls.length;
  return { calls, spent: money.spent, stopped: unsent === 0 ? null : stopped, unsent };
}

const told = ({ status, cost, elapsedMs }: ComparedAnswer): Compared['a'] => ({ status, cost, elapsedMs: Math.round(elapsedMs) });

interface Money {
  spent: number;
  dearest: number;
  /** Dollars of the dearest token so far: what a stream, whose headers leave before its cost is known, is counted by. */
  dearestToken: number;
}

/** Adds what both answers cost; false when nobody can say. */
function count(money: Money, [a, b]: readonly [ComparedAnswer, ComparedAnswer], unknownCost: number | null): boolean {
  const costs = [costOf(a, b, { money, unknownCost }), costOf(b, a, { money, unknownCost })];
  for (const { cost, usage } of [a, b]) if (cost !== null && usage.total) money.dearestToken = Math.max(money.dearestToken, cost / usage.total);
  const sum = costs.reduce((total: number, cost) => total + (cost ?? 0), 0);
  money.spent += sum;
  money.dearest = Math.max(money.dearest, sum);
  return costs.every((cost) => cost !== null);
}

/** What one side tells stands for the other, too. A refusal costs nothing. */
function costOf(own: ComparedAnswer, other: ComparedAnswer, { money, unknownCost }: { money: Money; unknownCost: number | null }): number | null {
  if (own.status >= 400) return 0;
  const byTokens = own.usage.total !== null && money.dearestToken > 0 ? own.usage.total * money.dearestToken : null;
  return own.cost ?? other.cost ?? byTokens ?? unknownCost;
}

async function send({ url, key }: Side, { method, path, body }: ComparedRequest, timeoutMs: number): Promise<ComparedAnswer> {
  const headers = { authorization: `Bearer ${key}` };
  const answer: Answer = await call(`${url.replace(/\/+$/, '')}${path}`, { method, headers, timeoutMs, ...(body === undefined ? {} : { body }) });
  return reduceAnswer(answer);
}
