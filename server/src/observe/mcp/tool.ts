// One tool of a project's MCP server: its name, what it takes, whether it only reads, and what it does in the caller's project.
import { z } from 'zod';
import type { Principal } from '#identity/principal.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import type { Records } from '#stores/records/port.ts';

export interface ToolDependencies {
  records: Records;
  /** Reads of the public API in the caller's own name: what the key may not read, no tool reads. */
  ask: AskEngine;
}

/** The call of a tool: who asks, in which project. */
export interface ToolCall extends ToolDependencies {
  principal: Principal;
  projectId: string;
}

export interface ProjectTool {
  name: string;
  title: string;
  description: string;
  input: z.ZodType;
  effect: 'read' | 'write';
  /** @throws AppError for what the caller can mend. */
  run(call: ToolCall, input: unknown): Promise<unknown>;
}

/** A tool whose input is known to its handler: refused members and types never reach it. */
export function tool<Shape extends z.ZodRawShape>(definition: {
  name: string;
  title: string;
  description: string;
  input: Shape;
  effect: 'read' | 'write';
  run: (call: ToolCall, input: z.output<z.ZodObject<Shape>>) => Promise<unknown>;
}): ProjectTool {
  const input = z.strictObject(definition.input);
  return { ...definition, input, run: (call, given) => definition.run(call, given as z.output<z.ZodObject<Shape>>) };
}
