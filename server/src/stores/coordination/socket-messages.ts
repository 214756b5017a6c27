// What processes of one machine say to the one that holds their counters, over its Unix socket (lib/frames.ts): several questions in one frame, answers by number. Whole picos as decimal text.
import type { AccountLimit, HoldAnswer, WindowLimit } from './port.ts';

export type Question =
  | { ask: 'take'; limits: readonly WindowLimit[]; nowMs: number }
  | { ask: 'add'; key: string; windowMs: number; cost: number; nowMs: number }
  | { ask: 'enter'; key: string; max: number; holder: string; leaseMs: number; nowMs: number }
  | { ask: 'leave'; key: string; holder: string }
  | { ask: 'hold'; accounts: readonly WireAccount[]; picos: string; strict: boolean }
  | { ask: 'settle'; hold: number; picos: string }
  | { ask: 'adjust'; key: string; picos: string }
  | { ask: 'forget'; key: string }
  | { ask: 'tell'; topic: string; message: string; heard: boolean }
  | { ask: 'get'; key: string }
  | { ask: 'set'; key: string; value: string; ttlMs: number }
  | { ask: 'remove'; key: string }
  | { ask: 'clear' };

/** To the holder of the counters. */
export type ToHost = { kind: 'questions'; all: readonly { id: number; question: Question }[] } | { kind: 'heard'; news: number };

/** From it. `processes` counts itself. */
export type FromHost =
  | { kind: 'answer'; id: number; answer: unknown }
  | { kind: 'failed'; id: number; message: string }
  | { kind: 'news'; news: number; topic: string; message: string }
  | { kind: 'processes'; count: number };

export interface WireAccount {
  key: string;
  max: string | null;
}

export type WireHold = { held: true; hold: number; spent: readonly [string, string][] } | { held: false; refusedBy: number; spent: string };

export function wireAccounts(accounts: readonly AccountLimit[]): WireAccount[] {
  return accounts.map(({ key, maxPicos }) => ({ key, max: maxPicos === null ? null : String(maxPicos) }));
}

export function accountLimits(accounts: readonly WireAccount[]): AccountLimit[] {
  return accounts.map(({ key, max }) => ({ key, maxPicos: max === null ? null : BigInt(max) }));
}

/** A refusal as it travels. */
export function wireRefusal(answer: Extract<HoldAnswer, { held: false }>): WireHold {
  return { held: false, refusedBy: answer.refusedBy, spent: String(answer.spentPicos) };
}
