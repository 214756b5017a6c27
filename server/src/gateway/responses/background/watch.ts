// A response in the background that is streamed again from where a client stopped reading (GET ?stream=true&starting_after=N): its upstream keeps the events. Nothing is billed here.
import { finished } from 'node:stream/promises';
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { type Origin, transportFailure } from '#gateway/errors.ts';
import { STREAM_HEADERS } from '#gateway/pings.ts';
import type { StoredResponse } from '#gateway/responses/port.ts';
import type { Target } from '#gateway/target.ts';
import { type OpenAnswer, openUpstream, refusalIn } from '#gateway/upstream-request.ts';
import { AppError } from '#lib/errors.ts';
import { tellEnded } from './end.ts';
import { View } from './view.ts';

/** Parameters that go on. */
const PASSED = ['stream', 'starting_after', 'include', 'include[]', 'include_obfuscation'];

export interface Watching {
  readonly found: StoredResponse;
  /** The deployment that has it. */
  readonly target: Target;
  readonly query: URLSearchParams;
}

/**
 * Streams it to the client; resolves when the view is over.
 * @throws AppError 400 for what cannot be streamed again, UpstreamRefused: nothing was answered yet.
 */
export async function watchResponse(call: Call, deps: GatewayDeps, { found, target, query }: Watching): Promise<void> {
  if (call.snapshot.guards?.of(call)?.has('post_call') === true)
    throw refused('a guardrail of this key looks at answers, and looks at a stored one whole: leave out "stream".', 'stream');
  const after = query.get('starting_after');
  if (after !== null && !/^\d{1,15}$/.test(after)) throw refused('"starting_after" must be the sequence_number of an event.', 'starting_after');
  const passed = new URLSearchParams([...query].filter(([name]) => PASSED.includes(name)));
  const leaving = new AbortController();
  call.response.on('close', () => leaving.abort(new Error('the client left')));
  try {
    const timeoutMs = call.snapshot.config.requestTimeoutMs;
    const answer = await openUpstream(target, {
      endpoint: 'responses',
      below: `/${found.id}`,
      method: 'GET',
      query: passed,
      timeoutMs,
      signal: leaving.signal,
    });
    if (answer.status < 200 || answer.status > 299) throw await refusalIn(target, answer);
    await show(call, deps, { found, target, answer });
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
  }
}

interface Shown {
  readonly found: StoredResponse;
  readonly target: Target;
  readonly answer: OpenAnswer;
}

async function show(call: Call, deps: GatewayDeps, { found, target, answer }: Shown): Promise<void> {
  const { body, headers } = answer;
  const origin: Origin = { label: target.errorLabel, deployment: target.deployment };
  const type = String(headers['content-type'] ?? '');
  // One that is let go says so.
  body.on('error', () => {});
  if (!type.startsWith('text/event-stream')) {
    body.destroy();
    throw refused('Its upstream does not stream this response again: read it whole.', 'stream');
  }
  call.response.writeHead(200, ['content-type', type, ...STREAM_HEADERS]);
  const ended = await new Promise<boolean>((resolve) => {
    const watched = { pause: () => void body.pause(), resume: () => void body.resume(), abort: (reason: Error) => void body.destroy(reason) };
    const view = new View({ call, deps, watched, origin, over: resolve });
    const limit = setTimeout(() => body.destroy(tooLong()), call.snapshot.config.requestTimeoutMs);
    finished(body)
      .then(
        () => view.end(),
        (error: Error) => view.fail(transportFailure(error, origin)),
      )
      .finally(() => clearTimeout(limit));
    view.start();
    body.on('data', (chunk: Buffer) => view.data(chunk));
  });
  // Whatever still came would be read by nobody.
  body.destroy();
  if (ended) await tellEnded(deps, found);
}

function tooLong(): Error {
  return Object.assign(new Error('the view took longer than a call may take'), { code: 'GENAI_TIMEOUT' });
}

function refused(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param });
}
