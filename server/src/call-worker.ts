// A process that answers calls beside others on the same port (`--workers`): started by call-workers.ts through node:cluster, which hands out the connections. Everything but calls it passes on to the front.
import { AppError } from '#lib/errors.ts';
import { processEnvironment } from '#settings/public.ts';
import { type CallWorkerInput, type FromCallWorker, settingsOfCallWorker, type ToCallWorker } from './call-worker-input.ts';
import { type RunningProcess, startProcess } from './main.ts';
import { StartRefused } from './platform.ts';

const say = (message: FromCallWorker): void => void process.send?.(message);

let running: RunningProcess | null = null;
/** Asked for while the start is still under way. */
let stopAsked = false;
let ending = false;

process.on('message', (message) => {
  const told = message as ToCallWorker;
  if (told.kind === 'start') start(told).catch(refuse);
  else if (told.kind === 'stop') stop();
  else void running?.metrics().then((text) => say({ kind: 'metrics', id: told.id, text }));
});
// Ctrl-C at the terminal reaches the whole group; the front says when to end.
process.on('SIGINT', () => {});
process.on('SIGTERM', stop);
process.on('uncaughtException', (error) => {
  if (running === null) refuse(error);
  else end(running.fail(error), 1);
});

async function start(given: CallWorkerInput): Promise<void> {
  running = await startProcess(
    { argv: given.argv, env: processEnvironment(), cwd: given.cwd, notify: () => {} },
    { adjust: (settings) => settingsOfCallWorker(settings, given), name: `call-worker-${given.index}` },
  );
  if (stopAsked) stop();
  else say({ kind: 'ready' });
}

function stop(): void {
  stopAsked = true;
  if (running !== null) end(running.stop(), 0);
}

function end(work: Promise<void>, code: number): void {
  if (ending) return;
  ending = true;
  void work.finally(() => process.exit(code));
}

function refuse(error: unknown): void {
  say({ kind: 'refused', reason: error instanceof StartRefused || error instanceof AppError ? error.message : String((error as Error)?.stack ?? error) });
  setImmediate(() => process.exit(2));
}
