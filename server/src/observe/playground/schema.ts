// What a person sends from the playground, and the chat request that the gateway gets of it. Pure.
import { z } from 'zod';

const tool = z.record(z.string(), z.unknown());

export const playgroundBody = z.strictObject({
  model: z.string().min(1).max(500),
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string().max(2_000_000) }))
    .min(1)
    .max(500),
  parameters: z
    .strictObject({
      temperature: z.number().min(0).max(2).optional(),
      top_p: z.number().min(0).max(1).optional(),
      max_tokens: z.number().int().min(1).max(10_000_000).optional(),
      response_format: z.record(z.string(), z.unknown()).optional(),
      tools: z.array(tool).max(128).optional(),
    })
    .default({}),
});

export type PlaygroundBody = z.output<typeof playgroundBody>;

/** The environment of the traces that come of it. */
export const PLAYGROUND_ENVIRONMENT = 'playground';

/** Only what the schema names leaves here: nobody sets a header, an address or a flag of the gateway from a page. */
export function chatRequest({ model, messages, parameters }: PlaygroundBody): Record<string, unknown> {
  return {
    model,
    messages,
    ...parameters,
    stream: true,
    stream_options: { include_usage: true },
    metadata: { trace_name: 'playground', environment: PLAYGROUND_ENVIRONMENT },
  };
}
