// Which traces of a project are kept: its rule, and the verdict over what is known of a trace when it has become quiet. Pure.
import { createHash } from 'node:crypto';
import { z } from 'zod';

const names = z.array(z.string().min(1).max(500)).max(50).default([]);
const most = z.number().finite().min(0);

export const samplingRule = z.strictObject({
  /** Part of the traces that is kept whatever they hold, 0 to 1. */
  share: z.number().min(0).max(1),
  /** Kept whatever the share says. */
  keep: z
    .strictObject({
      errors: z.boolean().default(true),
      scores: z.boolean().default(true),
      slowerThanMs: most.optional(),
      /** In the currency of the prices. */
      costAbove: most.optional(),
      environments: names,
      tags: names,
      names,
    })
    .prefault({}),
  /** How long nothing of a trace must have come before it is judged. */
  quietSeconds: z.number().int().min(5).max(86_400).default(60),
});

export type SamplingRule = z.output<typeof samplingRule>;

/** What is known of a trace. */
export interface TraceFacts {
  traceId: string;
  errors: number;
  /** Observations that have begun and not ended. */
  open: number;
  latencyMs: number;
  cost: number;
  scores: number;
  environments: readonly string[];
  tags: readonly string[];
  names: readonly string[];
  /** A comment, a work queue, an experiment, a dataset, a bookmark or a public link holds on to it. */
  inUse: boolean;
}

export type Verdict = 'kept' | 'left out';

const HASHES = 2 ** 48;

/** Whether the share alone keeps a trace: the same for everybody, at every time, and what a smaller share keeps a larger one keeps too. */
export function isInShare(traceId: string, share: number): boolean {
  return createHash('sha256').update(traceId).digest().readUIntBE(0, 6) < share * HASHES;
}

/** The verdict over a quiet trace. */
export function verdictOn(facts: TraceFacts, { share, keep }: SamplingRule): Verdict {
  const isKept =
    isInShare(facts.traceId, share) ||
    facts.inUse ||
    (keep.errors && facts.errors > 0) ||
    (keep.scores && facts.scores > 0) ||
    (keep.slowerThanMs !== undefined && facts.latencyMs > keep.slowerThanMs) ||
    (keep.costAbove !== undefined && facts.cost > keep.costAbove) ||
    overlap(keep.environments, facts.environments) ||
    overlap(keep.tags, facts.tags) ||
    overlap(keep.names, facts.names);
  return isKept ? 'kept' : 'left out';
}

const overlap = (some: readonly string[], others: readonly string[]): boolean => some.some((one) => others.includes(one));
