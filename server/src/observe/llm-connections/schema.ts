// What an LLM connection may say (langfuse.md §1.12).
import { z } from 'zod';
import { limitParameter, pageParameter } from '#observe/filter/parameters.ts';

export const ADAPTERS = ['anthropic', 'openai', 'azure', 'bedrock', 'google-vertex-ai', 'google-ai-studio'] as const;
export type Adapter = (typeof ADAPTERS)[number];

const provider = z
  .string()
  .min(1)
  .max(100)
  .refine((name) => !name.includes(':'), 'must not contain a colon');
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'must be the name of a header');
const headerValue = z
  .string()
  .max(5_000)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be the value of a header');

/** PUT's body; unknown members are stripped. What an adapter asks of `config` is Langfuse's rule. */
export const connectionBody = z
  .object({
    provider,
    adapter: z.enum(ADAPTERS),
    secretKey: z.string().min(1).max(20_000),
    baseURL: z.string().max(2_000).nullish(),
    customModels: z.array(z.string().min(1).max(200)).max(500).nullish(),
    withDefaultModels: z.boolean().nullish(),
    extraHeaders: z.record(headerName, headerValue).nullish(),
    config: z.record(z.string(), z.unknown()).nullish(),
  })
  .superRefine((body, problems) => {
    const complain = (path: string, message: string) => problems.addIssue({ code: 'custom', path: [path], message });
    if (body.adapter === 'bedrock' && typeof body.config?.region !== 'string') complain('config', 'Bedrock needs {"region": "<aws-region>"}');
    if (body.adapter === 'azure' && !body.baseURL) complain('baseURL', 'Azure OpenAI needs the address of its resource');
    if ((body.adapter === 'anthropic' || body.adapter === 'azure' || body.adapter === 'google-ai-studio') && body.config)
      complain('config', `the adapter ${body.adapter} takes no config`);
  });
export type ConnectionBody = z.output<typeof connectionBody>;

export const connectionPage = z.object({ page: pageParameter, limit: limitParameter(100) });
export const testBody = z.object({ model: z.string().min(1).max(200) });
