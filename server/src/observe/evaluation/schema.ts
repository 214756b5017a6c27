// What evaluators, rules and backfills may say (the unstable evaluation API of Langfuse, and what this platform adds: traces, sessions, delay, limits of cost).
import { z } from 'zod';
import { LIMITS } from '#observe/code-evaluators/port.ts';
import { conditionsSchema } from '#observe/filter/filter.ts';
import { limitParameter, pageParameter } from '#observe/filter/parameters.ts';

export const TARGETS = ['observation', 'trace', 'session', 'experiment'] as const;
export type TargetKind = (typeof TARGETS)[number];

/** Sources of variables by target. */
export const SOURCES: Readonly<Record<TargetKind, readonly string[]>> = {
  observation: ['input', 'output', 'metadata', 'tool_calls'],
  trace: ['input', 'output', 'metadata', 'tool_calls', 'observations'],
  session: ['input', 'output', 'conversation'],
  experiment: ['input', 'output', 'metadata', 'tool_calls', 'expected_output', 'experiment_item_metadata'],
};
const EVERY_SOURCE = ['input', 'output', 'metadata', 'tool_calls', 'observations', 'conversation', 'expected_output', 'experiment_item_metadata'] as const;

const name = z.string().trim().min(1).max(200);
const described = z.object({ description: z.string().max(2_000) });

const outputDefinition = z.discriminatedUnion('dataType', [
  z.object({
    dataType: z.literal('NUMERIC'),
    reasoning: described,
    score: described.extend({ minValue: z.number().nullish(), maxValue: z.number().nullish() }),
  }),
  z.object({ dataType: z.literal('BOOLEAN'), reasoning: described, score: described }),
  z.object({
    dataType: z.literal('CATEGORICAL'),
    reasoning: described,
    score: described.extend({ categories: z.array(z.string().min(1).max(200)).min(2).max(50), shouldAllowMultipleMatches: z.boolean() }),
  }),
]);
export type OutputDefinition = z.output<typeof outputDefinition>;

const mapping = z.array(z.object({ variable: z.string().min(1).max(200), source: z.enum(EVERY_SOURCE), jsonPath: z.string().max(500).nullish() })).max(50);
export type Mapping = z.output<typeof mapping>;

const EVALUATOR_TYPES = ['llm_as_judge', 'code'] as const;
export type EvaluatorType = (typeof EVALUATOR_TYPES)[number];

const judgeBody = z.object({
  type: z.literal('llm_as_judge').default('llm_as_judge'),
  name,
  prompt: z.string().min(1).max(100_000),
  outputDefinition,
  modelConfig: z.object({ provider: z.string().min(1).max(100), model: z.string().min(1).max(200) }).nullish(),
  mapping: mapping.nullish(),
});
export type JudgeBody = z.output<typeof judgeBody>;

/** Never trimmed: lines are counted in it. */
const sourceCode = z
  .string()
  .max(LIMITS.sourceChars)
  .refine((text) => text.trim() !== '', 'write function evaluate(ctx) { return { scores: [...] }; }');
/** TypeScript, and so JavaScript too. */
const sourceCodeLanguage = z.literal('TYPESCRIPT', 'Python is not run here: write TypeScript or JavaScript, and send TYPESCRIPT');

const codeBody = z.object({ type: z.literal('code'), name, sourceCode, sourceCodeLanguage });
export type CodeBody = z.output<typeof codeBody>;
export type EvaluatorBody = JudgeBody | CodeBody;

/** Clients of before code evaluators send no type. */
export const evaluatorBody = z.discriminatedUnion('type', [judgeBody, codeBody]);

/** A dry run over one observation; none named = the newest. */
export const trialBody = z.object({
  sourceCode,
  sourceCodeLanguage,
  observation: z.object({ traceId: z.string().min(1).max(800), id: z.string().min(1).max(800) }).nullish(),
});

const MAX_FILTER_TEXT = 6_000;
const DAY_SECONDS = 86_400;
const evaluatorReference = z.object({ name, type: z.enum(EVALUATOR_TYPES).nullish() });
const assignments = z
  .array(z.object({ evaluator: evaluatorReference, mapping: mapping.nullish() }))
  .min(1)
  .max(20);
const filter = conditionsSchema.refine((conditions) => JSON.stringify(conditions).length <= MAX_FILTER_TEXT, 'the filter is too long');

const ruleFields = {
  name,
  evaluator: evaluatorReference.nullish(),
  mapping: mapping.nullish(),
  evaluators: assignments.nullish(),
  target: z.enum(TARGETS),
  enabled: z.boolean(),
  sampling: z.number().gt(0).lte(1).nullish(),
  filter: filter.nullish(),
  delaySeconds: z.number().int().min(0).max(DAY_SECONDS).nullish(),
  maxCostPerDay: z.number().positive().nullish(),
};
const bothForms = (body: { evaluator?: unknown; mapping?: unknown; evaluators?: unknown }) => !body.evaluators || (!body.evaluator && !body.mapping);
const ONE_FORM = { path: ['evaluators'], message: 'send evaluators, or evaluator and mapping, never both' };

export const ruleBody = z
  .object(ruleFields)
  .refine(bothForms, ONE_FORM)
  .refine((body) => body.evaluator || body.evaluators, { path: ['evaluator'], message: 'name at least one evaluator' });

export const rulePatch = z
  .object(ruleFields)
  .partial()
  .refine(bothForms, ONE_FORM)
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'send at least one field');
export type RulePatch = z.output<typeof rulePatch>;

export const backfillBody = z
  .object({
    fromTimestamp: z.iso.datetime({ offset: true }),
    toTimestamp: z.iso.datetime({ offset: true }),
    maxCost: z.number().positive().nullish(),
    dryRun: z.boolean().default(false),
  })
  .refine((body) => Date.parse(body.fromTimestamp) < Date.parse(body.toTimestamp), { path: ['toTimestamp'], message: 'must be after fromTimestamp' });
export type BackfillBody = z.output<typeof backfillBody>;

export const settingsBody = z.object({ provider: z.string().min(1).max(100), model: z.string().min(1).max(200) });
export const pageOf = z.object({ page: pageParameter, limit: limitParameter(100) });
export const jobsQuery = z.object({
  projectId: z.string().optional(),
  state: z.enum(['pending', 'running', 'done', 'failed', 'skipped', 'cancelled']).optional(),
  ruleId: z.string().max(200).optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: limitParameter(200),
});
