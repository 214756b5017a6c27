// The tools of prompts, under Langfuse's names for them: list, get (composed or as written), create, move labels.
import { z } from 'zod';
import { authorOf } from '#observe/prompts/creator.ts';
import { createPrompt, labelPrompt, readPrompt } from '#observe/prompts/prompts.ts';
import { createPromptBody, listParameters, newLabelsBody } from '#observe/prompts/schema.ts';
import { promptMetaOf } from '#observe/prompts/shape.ts';
import { listNames } from '#observe/prompts/sql.ts';
import { checked } from './checked.ts';
import { type ProjectTool, type ToolCall, tool } from './tool.ts';

const name = z.string().min(1).max(255).describe('Name of the prompt, folders included: team/answer');
const version = z.number().int().min(1).max(2_147_483_647);
const which = {
  name,
  label: z.string().min(1).max(36).optional().describe('Label to read; production when neither a label nor a version is given'),
  version: version.optional().describe('Version to read; not together with a label'),
};
const making = {
  name,
  labels: z.array(z.string().max(36)).max(100).optional().describe('Labels that this version takes from the others'),
  tags: z.array(z.string().max(200)).max(100).optional(),
  config: z.record(z.string(), z.json()).optional().describe('Parameters kept beside the prompt, for example model and temperature'),
  commitMessage: z.string().min(1).max(500).optional(),
};
const message = z.union([
  z.strictObject({ type: z.literal('placeholder'), name: z.string().min(1).max(255) }),
  z.strictObject({ type: z.literal('chatmessage').optional(), role: z.string().min(1).max(100), content: z.string() }),
]);

async function read({ records, projectId }: ToolCall, asked: { name: string; label?: string | undefined; version?: number | undefined }, resolve: boolean) {
  return await readPrompt(records, { projectId, name: asked.name }, { version: asked.version, label: asked.label, resolve });
}

async function create({ records, principal, projectId }: ToolCall, wished: unknown) {
  return await createPrompt(records, projectId, { ...checked(createPromptBody, wished), ...authorOf(principal) });
}

export const promptTools: readonly ProjectTool[] = [
  tool({
    name: 'listPrompts',
    title: 'List prompts',
    description: 'Lists the prompts of the project by name, with their versions, labels and tags, without their contents.',
    effect: 'read',
    input: {
      name: z.string().max(255).optional(),
      label: z.string().max(36).optional(),
      tag: z.string().max(200).optional(),
      fromUpdatedAt: z.iso.datetime({ offset: true }).optional(),
      toUpdatedAt: z.iso.datetime({ offset: true }).optional(),
      page: z.number().int().min(1).max(1_000_000).optional(),
      limit: z.number().int().min(1).max(100).optional(),
    },
    async run({ records, projectId }, input) {
      const asked = checked(listParameters, input);
      const { rows, total } = await listNames(records, projectId, asked);
      return {
        data: rows.map(promptMetaOf),
        meta: { page: asked.page, limit: asked.limit, totalItems: total, totalPages: Math.ceil(total / asked.limit) },
      };
    },
  }),
  tool({
    name: 'getPrompt',
    title: 'Get a prompt',
    description: 'Gets one version of a prompt with the prompts that it is composed of put in.',
    effect: 'read',
    input: which,
    run: async (call, input) => await read(call, input, true),
  }),
  tool({
    name: 'getPromptUnresolved',
    title: 'Get a prompt as written',
    description: 'Gets one version of a prompt as it was written: references to other prompts stay references.',
    effect: 'read',
    input: which,
    run: async (call, input) => await read(call, input, false),
  }),
  tool({
    name: 'createTextPrompt',
    title: 'Create a version of a text prompt',
    description: 'Creates the next version of a text prompt. Variables are written {{name}}. Nothing that exists is changed but labels that the version takes.',
    effect: 'write',
    input: { ...making, prompt: z.string().min(1) },
    run: async (call, input) => await create(call, { ...input, type: 'text' }),
  }),
  tool({
    name: 'createChatPrompt',
    title: 'Create a version of a chat prompt',
    description: 'Creates the next version of a chat prompt: messages with role and content, and placeholders for messages.',
    effect: 'write',
    input: { ...making, prompt: z.array(message).min(1).max(1_000) },
    run: async (call, input) => await create(call, { ...input, type: 'chat' }),
  }),
  tool({
    name: 'updatePromptLabels',
    title: 'Put labels on a version of a prompt',
    description: 'Puts labels on a version beside those that it has; the other versions of the prompt lose them. `latest` cannot be given.',
    effect: 'write',
    input: { name, version, newLabels: z.array(z.string().max(36)).max(100) },
    async run({ records, projectId, principal }, input) {
      const { newLabels } = checked(newLabelsBody, { newLabels: input.newLabels });
      return await labelPrompt(
        records,
        { projectId, name: input.name, version: input.version },
        { labels: newLabels, mayMoveProtected: authorOf(principal).mayMoveProtected },
      );
    },
  }),
];
