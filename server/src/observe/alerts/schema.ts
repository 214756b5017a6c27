// What rules of alerts and their receivers may say (this platform's own API beside Langfuse's unstable one).
import { z } from 'zod';
import { conditionsSchema } from '#observe/filter/filter.ts';
import { limitParameter, pageParameter } from '#observe/filter/parameters.ts';
import { AGGREGATIONS, VIEWS } from '#observe/metrics/query.ts';

export const COMPARISONS = ['>', '>=', '<', '<='] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type Severity = 'info' | 'warning' | 'critical';
export type ReceiverKind = 'webhook' | 'slack' | 'teams' | 'email';
export type WhenNoData = 'ok' | 'alert' | 'keep';

/** Without control characters: names stand in subjects and headers. */
const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line');
const description = z.string().max(2_000);
const field = z.string().min(1).max(100);
const WEEK_MINUTES = 10_080;
const DAY_MINUTES = 1_440;

const common = {
  name,
  description: description.nullish(),
  enabled: z.boolean().default(true),
  severity: z.enum(['info', 'warning', 'critical']).default('warning'),
  filters: conditionsSchema.default([]),
  windowMinutes: z.number().int().min(1).max(WEEK_MINUTES),
  forMinutes: z.number().int().min(0).max(DAY_MINUTES).default(0),
  receiverIds: z
    .array(z.string().min(1).max(100))
    .max(20)
    .refine((ids) => new Set(ids).size === ids.length, 'names a receiver twice')
    .default([]),
};

/** A rule whole: PUT's body as well as POST's, so that what is measured and what it is compared with always fit. */
export const ruleBody = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('threshold'),
    ...common,
    view: z.enum(VIEWS),
    measure: field,
    aggregation: z.enum(AGGREGATIONS).exclude(['histogram']),
    comparison: z.enum(COMPARISONS),
    threshold: z.number(),
    whenNoData: z.enum(['ok', 'alert', 'keep']).default('ok'),
  }),
  z.object({ kind: z.literal('silence'), ...common, view: z.enum(VIEWS).default('observations') }),
]);
export type RuleBody = z.output<typeof ruleBody>;

export const enabledBody = z.object({ enabled: z.boolean() });

const url = z.string().min(1).max(2_000);
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'must be the name of a header');
const headerValue = z
  .string()
  .max(2_000)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be the value of a header');
const address = z.email().max(320);
const shared = { name, language: z.enum(['en', 'ja']).default('en') };

export const receiverBody = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('webhook'),
    ...shared,
    url,
    /** Signs what is sent; kept when it is left out of a change. */
    secret: z.string().min(8).max(500).nullish(),
    headers: z.record(headerName, headerValue).nullish(),
  }),
  z.object({ kind: z.literal('slack'), ...shared, url }),
  z.object({ kind: z.literal('teams'), ...shared, url }),
  z.object({ kind: z.literal('email'), ...shared, to: z.array(address).min(1).max(20) }),
]);
export type ReceiverBody = z.output<typeof receiverBody>;

export const pageOf = z.object({ page: pageParameter, limit: limitParameter(100) });
