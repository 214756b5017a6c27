// What prompts may look like on the wire (langfuse.md §1.7): names, labels, contents, and the parameters of their routes.
import { z } from 'zod';
import { instantParameter, limitParameter, pageParameter, wordParameter } from '#observe/filter/parameters.ts';

export const LATEST = 'latest';
export const PRODUCTION = 'production';

/** Names that are pages of Langfuse's console below a prompt list. */
const RESERVED_NAMES = new Set(['new', 'metrics', 'prompt-detail']);

const promptName = z
  .string()
  .min(1, 'Enter a name')
  .max(255)
  .refine((name) => !name.includes('|'), "Prompt name cannot contain '|' character")
  .refine((name) => !name.startsWith('/') && !name.endsWith('/'), 'Name cannot start or end with a slash')
  .refine((name) => !RESERVED_NAMES.has(name), 'Prompt name cannot be new, metrics or prompt-detail');

export const promptLabel = z
  .string()
  .min(1)
  .max(36)
  .regex(/^[a-z0-9_\-.]+$/, 'Label must be lowercase alphanumeric with optional underscores, hyphens, or periods');

const chatMessage = z.object({ type: z.literal('chatmessage').optional(), role: z.string(), content: z.string() }).loose();
const placeholder = z.object({
  type: z.literal('placeholder'),
  name: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]*$/, 'Placeholder name must start with a letter and contain only alphanumeric characters and underscores'),
});
/** A placeholder says so by its type; a message may leave its type out. */
const chatContent = z.array(z.union([placeholder, chatMessage]));

const common = {
  name: promptName,
  labels: z.array(promptLabel).max(100).default([]),
  tags: z.array(z.string().max(200)).max(100).nullish(),
  config: z.json().nullish(),
  commitMessage: z.string().trim().min(1).max(500).nullish(),
};

export const createPromptBody = z.union([
  z.object({ ...common, type: z.literal('chat'), prompt: chatContent }),
  z.object({ ...common, type: z.literal('text').default('text'), prompt: z.string() }),
]);
export type CreatePrompt = z.output<typeof createPromptBody>;

/** v1: `isActive` says that the version goes to production. */
export const createPromptV1Body = z.union([
  z.object({ ...common, type: z.literal('chat'), prompt: chatContent, isActive: z.boolean().optional() }),
  z.object({ ...common, type: z.literal('text').default('text'), prompt: z.string(), isActive: z.boolean().optional() }),
]);

export const newLabelsBody = z.object({
  newLabels: z.array(promptLabel.refine((label) => label !== LATEST, "Label 'latest' is always assigned to the latest prompt version")).max(100),
});

const versionParameter = z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().int().min(1).max(2_147_483_647).optional());

export const getParameters = z.object({
  version: versionParameter,
  label: wordParameter,
  resolve: z.preprocess((value) => (value === '' ? undefined : value), z.enum(['true', 'false']).default('true')),
});
export const getV1Parameters = z.object({ name: z.string().min(1).max(255), version: versionParameter });
export const deleteParameters = z.object({ version: versionParameter, label: wordParameter });
export const listParameters = z.object({
  name: wordParameter,
  label: wordParameter,
  tag: wordParameter,
  version: versionParameter,
  page: pageParameter,
  limit: limitParameter(100),
  fromUpdatedAt: instantParameter,
  toUpdatedAt: instantParameter,
});
export type ListPrompts = z.output<typeof listParameters>;
