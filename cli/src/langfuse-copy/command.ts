// `import langfuse` and `export langfuse`: the same copy in the two directions, between a Langfuse API and this platform's own.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CommandContext } from '#command.ts';
import { readDoors } from '#doors.ts';
import { Unreachable } from '#http.ts';
import { LOCAL_FLAGS, localSettings } from '#local.ts';
import { dayStart } from '#takeover/days.ts';
import { type LangfuseApi, openLangfuse, Refused } from './api.ts';
import { copyProject } from './copy.ts';
import { copyText, kindText } from './report.ts';
import { type CopyRange, KINDS, type Kind } from './run.ts';

const OPTIONS = {
  ...LOCAL_FLAGS,
  url: { type: 'string' },
  'public-key': { type: 'string' },
  'secret-key': { type: 'string' },
  'observe-url': { type: 'string' },
  'own-public-key': { type: 'string' },
  'own-secret-key': { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  only: { type: 'string' },
  restart: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  apply: { type: 'boolean' },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

export async function copyLangfuse(context: CommandContext, argv: readonly string[], direction: 'import' | 'export'): Promise<number> {
  const { io } = context;
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  const asked = plan(values);
  if (asked === null) {
    io.notify(`langfuse.usage-${direction}`);
    return 2;
  }
  const own = await ownApi(context, values);
  if (own === null) {
    io.notify('langfuse.no-own-keys');
    return 2;
  }
  const [source, target] = direction === 'import' ? [asked.other, own] : [own, asked.other];
  const apply = values.apply === true;
  const state = openState(context, values, [source.url, target.url, asked.publicKey, JSON.stringify(asked.kinds), asked.range.from ?? '', values.to ?? '']);
  if (apply && state.tracesUntil !== null) io.notify('langfuse.resumed', { until: state.tracesUntil });
  try {
    const onProgress: Parameters<typeof copyProject>[0]['onProgress'] = (kind, done, total) =>
      io.progress(total === 0 ? 100 : (100 * done) / total, `${kindText(io, kind)} ${done} / ${total}`);
    const report = await copyProject({ source, target, apply, range: asked.range, kinds: asked.kinds, state, onProgress });
    if (apply) state.clear();
    io.result({ source: source.url, target: target.url, ...report }, copyText(io, report, { source: source.url, target: target.url }));
    return 0;
  } catch (error) {
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    io.notify('langfuse.failed', { reason: error.message });
    return 1;
  }
}

function plan(values: Flags): { other: LangfuseApi; publicKey: string; range: CopyRange; kinds: Kind[] } | null {
  const { url, 'public-key': publicKey, 'secret-key': secretKey } = values;
  const from = values.from === undefined ? null : dayStart(values.from);
  const to = values.to === undefined ? new Date().toISOString() : dayStart(values.to);
  const only = values.only?.split(',') ?? [...KINDS];
  const kinds = KINDS.filter((kind) => only.includes(kind));
  const isGood = url !== undefined && /^https?:/.test(url) && URL.canParse(url) && publicKey !== undefined && secretKey !== undefined;
  if (!isGood || to === null || (from === null && values.from !== undefined) || kinds.length !== only.length || (values.apply && values['dry-run']))
    return null;
  return { other: openLangfuse({ url, publicKey, secretKey }), publicKey, range: { from, to }, kinds };
}

async function ownApi(context: CommandContext, values: Flags): Promise<LangfuseApi | null> {
  const doors = await readDoors(context, { ...values, 'public-key': values['own-public-key'], 'secret-key': values['own-secret-key'] });
  if (doors.publicKey === null || doors.secretKey === null) return null;
  return openLangfuse({ url: doors.observeUrl, publicKey: doors.publicKey, secretKey: doors.secretKey });
}

/** A small file beside the data: how far the traces have come. Gone when the copy is whole. */
function openState(context: CommandContext, values: Flags, identity: readonly string[]) {
  const { dataDir } = localSettings(context, { 'data-dir': values['data-dir'], config: values.config }).settings;
  const folder = join(dataDir, 'takeover');
  const path = join(folder, `langfuse-${createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 16)}.json`);
  return {
    tracesUntil: values.restart === true || values.apply !== true ? null : readState(path),
    save(tracesUntil: string): void {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(path, JSON.stringify({ tracesUntil }), { mode: 0o600 });
    },
    clear: (): void => rmSync(path, { force: true }),
  };
}

function readState(path: string): string | null {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { tracesUntil: string }).tracesUntil;
  } catch {
    return null;
  }
}
