// `logs [part]`: the newest lines of the platform's pods on AWS.
import { parseArgs } from 'node:util';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';

const OPTIONS = { ...AWS_FLAGS, tail: { type: 'string' }, previous: { type: 'boolean' } } as const;
const TAIL_LINES = 100;

export const logsWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values, positionals } = parseArgs({ args: [...context.argv], options: OPTIONS, allowPositionals: true });
      const environment = await environmentOf(context, values, { products: 'any', needsAddress: false });
      const { logsOf } = await infra(() => import('@genai/infra/life/logs'));
      const tail = Number(values.tail ?? TAIL_LINES);
      const options = { tailLines: Number.isInteger(tail) && tail > 0 ? tail : TAIL_LINES, previous: values.previous === true };
      const logs = await logsOf(await open(environment, context, signal), positionals[0] ?? null, options);
      io.result({ logs }, logs.map(({ pod, container, text }) => `== ${pod} ${container}\n${text.trimEnd()}`).join('\n\n'));
      return 0;
    });

export const logs: Command = logsWith(openAws);
