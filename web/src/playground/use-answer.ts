// Sends a draft and keeps the answer as it grows; a new question ends the one before.
import { useEffect, useRef, useState } from 'react';
import { postEvents } from '#api/event-stream.ts';
import { type Answer, answerAfter, NO_ANSWER } from './answer.ts';

const PATH = '/api/public/unstable/playground/chat';

export interface Asked {
  state: 'idle' | 'asking' | 'done' | 'stopped' | 'failed';
  answer: Answer;
  traceId: string | null;
  /** Until the first event, and until the end; null while that is not known. */
  firstMs: number | null;
  totalMs: number | null;
  error: Error | null;
}

const IDLE: Asked = { state: 'idle', answer: NO_ANSWER, traceId: null, firstMs: null, totalMs: null, error: null };

export function useAnswer(projectId: string): { asked: Asked; send: (body: object) => void; stop: () => void } {
  const [asked, setAsked] = useState<Asked>(IDLE);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);
  const send = (body: object): void => {
    leaving.current?.abort();
    const current = new AbortController();
    leaving.current = current;
    const startedAt = performance.now();
    const since = () => Math.round(performance.now() - startedAt);
    const change = (part: (old: Asked) => Partial<Asked>) => {
      if (leaving.current === current) setAsked((old) => ({ ...old, ...part(old) }));
    };
    setAsked({ ...IDLE, state: 'asking' });
    postEvents(PATH, {
      projectId,
      body,
      signal: current.signal,
      onHeaders: (headers) => change(() => ({ traceId: headers.get('x-genai-trace-id') })),
      onEvent: ({ data }) => change((old) => ({ answer: answerAfter(old.answer, data), firstMs: old.firstMs ?? since() })),
    }).then(
      () =>
        change((old) => ({
          state: old.answer.error === null ? 'done' : 'failed',
          totalMs: since(),
          error: old.answer.error === null ? null : new Error(old.answer.error),
        })),
      (error: Error) =>
        change(() => ({ state: current.signal.aborted ? 'stopped' : 'failed', totalMs: since(), error: current.signal.aborted ? null : error })),
    );
  };
  return { asked, send, stop: () => leaving.current?.abort() };
}
