// `start`: runs the platform in this process, shows how far the start is, prints the first credentials once, and drains on Ctrl-C.
import { dirname, join } from 'node:path';
import type { FirstRun, PlatformEvent, PlatformUrls, StartPlatform } from '@genai/server/platform';
import { type RunningPlatform, StartRefused } from '@genai/server/platform';
import { formatNote } from '@genai/server/settings';
import type { Command, CommandContext } from '#command.ts';
import { firstRunBlock } from '#first-run.ts';
import type { Io } from '#io.ts';

/** Loads the server only for this verb; tests hand in their own. */
export type LoadPlatform = () => Promise<{ startPlatform: StartPlatform }>;

/** Signals as the process gets them. */
export interface Signals {
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  /** A fault that nobody caught, also of a promise. */
  on(event: 'uncaughtException', listener: (error: unknown) => void): unknown;
  off(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(event: 'uncaughtException', listener: (error: unknown) => void): unknown;
}

/** By name, so that the command line type-checks against the contract alone (platform.ts) and never against the whole server. */
const SERVER_MODULE: string = '@genai/server/main';

export const start: Command = (context) =>
  startWith(context, async () => (await import(SERVER_MODULE)) as { startPlatform: StartPlatform }, { signals: process, exit: (code) => process.exit(code) });

/** The verb with its surroundings handed in. Resolves when the platform has been stopped. */
export async function startWith(context: CommandContext, load: LoadPlatform, surroundings: { signals: Signals; exit(code: number): void }): Promise<number> {
  const { io } = context;
  // Heard from the first moment: a start that is told to end finishes its step and ends in order, so that no store is cut in the middle.
  const stopSignal = listenForStop(io, surroundings);
  let platform: RunningPlatform;
  let elapsedMs = 0;
  try {
    const { startPlatform } = await load();
    platform = await startPlatform({
      argv: context.argv,
      env: context.env,
      cwd: context.cwd,
      notify: (event) => {
        if (event.kind === 'ready') elapsedMs = event.elapsedMs;
        show(io, event);
      },
    });
  } catch (error) {
    stopSignal.forget();
    if (!(error instanceof StartRefused)) throw error;
    return refuse(io, error);
  }
  announce(io, platform, elapsedMs);
  const faults = listenForFaults(surroundings);
  const fault = await Promise.race([stopSignal.arrived, faults.arrived]);
  try {
    if (fault !== undefined) {
      io.notify('start.broken');
      await platform.fail(fault.error);
      return 1;
    }
    await platform.stop();
  } finally {
    stopSignal.forget();
    faults.forget();
  }
  io.notify('start.stopped');
  return 0;
}

function show(io: Io, event: PlatformEvent): void {
  if (event.kind === 'progress') io.progress(event.percent ?? null, event.text);
  if (event.kind === 'note') io.notify(event.note.level === 'error' ? 'start.fault' : 'start.note', { text: formatNote(event.note) });
  if (event.kind === 'warning') io.notify('start.note', { text: event.text });
}

function refuse(io: Io, error: StartRefused): number {
  for (const note of error.notes) io.notify(note.level === 'error' ? 'start.fault' : 'start.note', { text: formatNote(note) });
  const faults = error.notes.filter((note) => note.level === 'error').length;
  if (faults === 0) io.notify('start.refused', { reason: error.message });
  else io.notify('start.faults', { count: faults });
  return 2;
}

function announce(io: Io, platform: RunningPlatform, elapsedMs: number): void {
  const { urls, firstRun } = platform;
  if (platform.listensWide) io.notify('start.wide');
  io.notify('start.ready', {
    seconds: (elapsedMs / 1000).toFixed(1),
    gateway: urls.gateway ?? '-',
    observe: urls.observe ?? '-',
    console: urls.console ?? '-',
  });
  if (firstRun?.configWritten) io.notify('start.config-written', { path: firstRun.configPath });
  if (firstRun !== null) announceKeys(io, firstRun, urls);
  io.result({ ready: true, elapsedMs, urls, firstRun: firstRun === null ? null : { keysPath: firstRun.keysPath, configPath: firstRun.configPath } }, '');
}

/** Credentials are for eyes, not for log files: only a terminal gets them; elsewhere the file is named, and with external stores there is none. */
function announceKeys(io: Io, firstRun: FirstRun, urls: PlatformUrls): void {
  if (firstRun.keys === null) return;
  if (io.isTerminal) io.print(firstRunBlock(io, firstRun.keys, { urls, environmentFile: join(dirname(firstRun.configPath), '.env') }));
  else if (firstRun.keysPath !== null) io.notify('start.keys-are-in', { path: firstRun.keysPath });
  else io.notify('start.keys-unseen');
}

/** A process that swallows a fault goes on with a state that nobody knows: it drains and ends, and whoever supervises it starts a new one. A second fault ends it at once. */
function listenForFaults({ signals, exit }: { signals: Signals; exit(code: number): void }): { arrived: Promise<{ error: unknown }>; forget(): void } {
  let failing = false;
  let arrive: (fault: { error: unknown }) => void;
  const arrived = new Promise<{ error: unknown }>((resolve) => {
    arrive = resolve;
  });
  const onFault = (error: unknown): void => {
    if (failing) exit(1);
    failing = true;
    arrive({ error });
  };
  signals.on('uncaughtException', onFault);
  return { arrived, forget: () => void signals.off('uncaughtException', onFault) };
}

/** The first signal asks for an orderly end, the second ends at once. */
function listenForStop(io: Io, { signals, exit }: { signals: Signals; exit(code: number): void }): { arrived: Promise<void>; forget(): void } {
  let stopping = false;
  let arrive: () => void;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const onSignal = (): void => {
    if (stopping) {
      io.notify('start.forced');
      exit(130);
      return;
    }
    stopping = true;
    io.notify('start.stopping');
    arrive();
  };
  signals.on('SIGINT', onSignal);
  signals.on('SIGTERM', onSignal);
  const forget = (): void => {
    signals.off('SIGINT', onSignal);
    signals.off('SIGTERM', onSignal);
  };
  return { arrived, forget };
}
