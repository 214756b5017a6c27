// `prices update`: brings LiteLLM's public price file into the running platform; `prices show MODEL`: what a model costs and where the price comes from; `prices reprice`: costs of stored observations again.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { askAdmin } from '#admin-stream.ts';
import type { Command, CommandContext } from '#command.ts';
import { doorOptions } from '#doors.ts';
import { call, Unreachable } from '#http.ts';
import { type LocalFlags, localAdminSocket } from '#local.ts';
import { type PriceAnswer, type PriceUpdateAnswer, priceText, updateText } from '#prices/report.ts';
import { reprice } from '#prices/reprice.ts';

const PUBLIC_FILE = 'https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json';
const OPTIONS = {
  ...doorOptions,
  url: { type: 'string' },
  file: { type: 'string' },
  'dry-run': { type: 'boolean' },
  from: { type: 'string' },
  to: { type: 'string' },
  model: { type: 'string' },
} as const;

export const prices: Command = async (context) => {
  const { values, positionals } = parseArgs({ args: [...context.argv], options: OPTIONS, allowPositionals: true });
  const [verb, model, ...more] = positionals;
  if (verb === 'show' && model !== undefined && more.length === 0) return await show(context, values, model);
  if (verb === 'update' && model === undefined && (values.url === undefined || values.file === undefined)) return await update(context, values);
  if (verb === 'reprice' && model === undefined) return await reprice(context, values);
  context.io.notify('prices.usage');
  return 2;
};

async function show(context: CommandContext, flags: LocalFlags, model: string): Promise<number> {
  const answer = await asked<PriceAnswer>(context, flags, { method: 'GET', path: `/prices/show?model=${encodeURIComponent(model)}` });
  if (answer === null) return 1;
  context.io.result(answer, priceText(context.io, answer));
  return answer.prices.some(({ price }) => price !== null) ? 0 : 1;
}

async function update(context: CommandContext, flags: LocalFlags & { url?: string; file?: string; 'dry-run'?: boolean }): Promise<number> {
  const source = flags.file ?? flags.url ?? PUBLIC_FILE;
  const file = await fileFrom(context, flags.file === undefined ? { url: source } : { file: source });
  if (file === undefined) return 1;
  const body = { file, apply: flags['dry-run'] !== true };
  const answer = await asked<PriceUpdateAnswer>(context, flags, { method: 'POST', path: '/prices/update', body });
  if (answer === null) return 1;
  context.io.result({ source, ...answer }, updateText(context.io, source, answer));
  return 0;
}

/** The file as JSON; undefined after saying why there is none. */
async function fileFrom({ io, cwd }: CommandContext, from: { url: string } | { file: string }): Promise<unknown> {
  try {
    if ('file' in from) return JSON.parse(readFileSync(resolve(cwd, from.file), 'utf8'));
    io.progress(null, io.text('prices.fetching', { url: from.url }));
    const answer = await call(from.url, { timeoutMs: 60_000 });
    if (answer.status === 200 && answer.json !== undefined) return answer.json;
    io.notify('prices.not-fetched', { reason: `${new URL(from.url).host} answered ${answer.status}` });
  } catch (error) {
    if (error instanceof Unreachable) io.notify('prices.not-fetched', { reason: error.message });
    else io.notify('prices.unreadable', { reason: (error as Error).message });
  }
  return undefined;
}

async function asked<Answer>(context: CommandContext, flags: LocalFlags, request: { method: string; path: string; body?: unknown }): Promise<Answer | null> {
  const { dataDir, socketPath } = localAdminSocket(context, flags);
  const answer = await askAdmin(socketPath, request);
  if (answer?.status === 200) return answer.json as Answer;
  if (answer === null) context.io.notify('takeover.not-running', { dataDir });
  else
    context.io.notify('takeover.failed', {
      reason: (answer.json as { error?: { message?: string } } | undefined)?.error?.message ?? `status ${answer.status}`,
    });
  return null;
}
