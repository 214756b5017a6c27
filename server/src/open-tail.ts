// The live tail in roles apart: workers send what they store to whoever watches, observe processes read it. Where one process does both, its engine answers by itself.
import type { RouteContext } from '#http/route.ts';
import { readerOf } from '#observe/evaluation/targets.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import { createTailReader, type TailReader } from '#observe/tail/relay-reader.ts';
import { startTailSender } from '#observe/tail/relay-sender.ts';
import { TAIL_PATH, tailAnswer, tailQuestion } from '#observe/tail/routes.ts';
import type { Coordination } from '#stores/coordination/port.ts';
import type { HouseInput } from './house.ts';

export interface TailApart {
  /** Answers the live tail's route where another process stores; null for what the engine of this one answers. */
  answer(context: RouteContext): Promise<Response> | null;
  /** Ends the answers that have no end of their own. */
  endStreams(): void;
  close(): void;
}

export async function openTailApart(
  { settings, engine, log }: Pick<HouseInput, 'settings' | 'engine' | 'log'>,
  { whispers }: Pick<Coordination, 'whispers'>,
): Promise<TailApart> {
  const nothing = { answer: () => null, endStreams: () => {}, close: () => {} };
  if (settings.journal !== 's3' || engine === null) return nothing;
  if (settings.role === 'worker') {
    const open = (watch: { projectId: string; organizationId: string; filter: string; after: string | null }, signal: AbortSignal) => {
      const headers = watch.after === null ? {} : { 'last-event-id': watch.after };
      const request = new Request(`http://engine${TAIL_PATH}?${new URLSearchParams({ filter: watch.filter })}`, { headers, signal });
      return engine.forward(request, readerOf({ id: watch.projectId, organizationId: watch.organizationId }));
    };
    const sender = await startTailSender({ whispers, open }).catch((error: unknown) => {
      log.warn('the live tail of this worker can be watched after its next start: coordination did not answer', { error });
      return { close: () => {} };
    });
    return { ...nothing, close: () => sender.close() };
  }
  const reader = createTailReader({ whispers });
  return {
    answer: (context) => (context.http.req.path === TAIL_PATH ? read(reader, context) : null),
    endStreams: () => reader.close(),
    close: () => reader.close(),
  };
}

async function read(reader: TailReader, context: RouteContext): Promise<Response> {
  const { filter, lastEventId } = tailQuestion(context);
  if (context.http.req.method === 'HEAD') return tailAnswer(null);
  const { principal, signal } = context;
  const organizationId = 'organizationId' in principal ? (principal.organizationId ?? '') : '';
  return tailAnswer(await reader.read({ projectId: projectOf(principal), organizationId, filter, lastEventId, signal }));
}
