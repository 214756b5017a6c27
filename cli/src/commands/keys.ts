// `keys show|seal`: the first credentials. `show` reads keys.json; `seal` asks the running process, because only it may touch the stores.
import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '#command.ts';
import { callAdmin } from '#http.ts';
import { adminSocket, LOCAL_FLAGS, localSettings, readKeysFile } from '#local.ts';

export const keys: Command = async (context) => {
  const { values, positionals } = parseArgs({ args: [...context.argv], options: { ...LOCAL_FLAGS, yes: { type: 'boolean' } }, allowPositionals: true });
  const { dataDir } = localSettings(context, { 'data-dir': values['data-dir'], config: values.config }).settings;
  if (positionals[0] === 'show' && positionals.length === 1) return show(context, dataDir);
  if (positionals[0] === 'seal' && positionals.length === 1) return await seal(context, dataDir, values.yes === true);
  context.io.notify('keys.usage');
  return 2;
};

function show({ io }: CommandContext, dataDir: string): number {
  const file = readKeysFile(dataDir);
  if (file.tooOpen) io.notify('keys.too-open', { path: file.path });
  if (file.keys === null) {
    io.notify(file.state === 'unreadable' ? 'keys.unreadable' : file.state === 'damaged' ? 'keys.damaged' : 'keys.absent', { path: file.path });
    return 1;
  }
  const known = Object.entries(file.keys).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const width = Math.max(0, ...known.map(([name]) => name.length));
  io.result(file.keys, known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n'));
  return 0;
}

async function seal({ io }: CommandContext, dataDir: string, yes: boolean): Promise<number> {
  const { path } = readKeysFile(dataDir);
  const status = await callAdmin(adminSocket(dataDir), 'GET', '/status');
  if (status === null) {
    io.notify('keys.not-running', { dataDir });
    return 1;
  }
  if (!yes && !(await io.confirm('keys.confirm-seal', { path }))) {
    io.notify('keys.not-sealed');
    return 1;
  }
  const answer = await callAdmin(adminSocket(dataDir), 'POST', '/keys/seal');
  if (answer === null || answer.status >= 300) {
    io.notify('keys.refused', { reason: answer === null ? 'it has just ended' : JSON.stringify(answer.json ?? answer.status).slice(0, 300) });
    return 1;
  }
  io.notify('keys.sealed');
  io.result({ sealed: true }, '');
  return 0;
}
