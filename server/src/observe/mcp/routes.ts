// POST /api/public/mcp: a project's prompts and what is stored of it as tools for agents, stateless, by the project's keys (langfuse.md §1.1 row 48).
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { serveMcp } from '#http/mcp.ts';
import { type McpFace, McpRefusal } from '#http/mcp-face.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import { promptTools } from './prompt-tools.ts';
import { readTools } from './read-tools.ts';
import { shorten } from './shorten.ts';
import type { ProjectTool, ToolCall, ToolDependencies } from './tool.ts';

const TOOLS: readonly ProjectTool[] = [...promptTools, ...readTools];
/** About 25,000 tokens: what a model can still read. */
const MAX_RESULT_CHARS = 100_000;

const INSTRUCTIONS =
  'Prompts, traces, observations, scores, sessions and metrics of one project. Results are JSON; long ones are shortened and say so: ask for fewer rows, fewer fields or a single entry.';

/** The route over the records and the engine. */
export function mcpRoutes(dependencies: ToolDependencies & { version: string }): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/public/mcp',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['project-key'],
      summary: 'Tools of the project for agents (Model Context Protocol, streamable HTTP)',
      handle: (context) => serveMcp(context.http, faceOf(dependencies, context)),
    },
  ];
}

function faceOf({ version, ...dependencies }: ToolDependencies & { version: string }, { principal }: RouteContext): McpFace {
  const call: ToolCall = { ...dependencies, principal, projectId: projectOf(principal) };
  return {
    name: 'genai-platform',
    version,
    instructions: INSTRUCTIONS,
    listTools: async () => TOOLS.map(described),
    callTool: async (name, input) => await run(call, name, input),
  };
}

function described({ name, title, description, input, effect }: ProjectTool): Tool {
  return {
    name,
    title,
    description,
    inputSchema: z.toJSONSchema(input, { io: 'input' }) as Tool['inputSchema'],
    // A version that is made and a label that moves lose nothing.
    annotations: { title, readOnlyHint: effect === 'read', destructiveHint: false, openWorldHint: false },
  };
}

async function run(call: ToolCall, name: string, given: unknown): Promise<CallToolResult> {
  const asked = TOOLS.find((tool) => tool.name === name);
  if (asked === undefined) throw new McpRefusal(`There is no tool named ${name.slice(0, 100)}.`);
  const input = asked.input.safeParse(given);
  if (!input.success) return failure(`Invalid input: ${z.prettifyError(input.error).slice(0, 2_000)}`);
  try {
    return success(await asked.run(call, input.data));
  } catch (error) {
    if (error instanceof AppError) return failure(error.message);
    throw error;
  }
}

function success(value: unknown): CallToolResult {
  const { text, shortened } = shorten(value, MAX_RESULT_CHARS);
  const note = 'The result was longer than can be given at once and is shortened: ask for fewer rows, fewer fields or a single entry.';
  return { content: [{ type: 'text', text }, ...(shortened ? [{ type: 'text' as const, text: note }] : [])] };
}

const failure = (text: string): CallToolResult => ({ isError: true, content: [{ type: 'text', text }] });
