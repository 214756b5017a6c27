// POST /api/public/unstable/playground/chat: a signed-in person asks a model of the gateway and reads the answer as it comes. Governed and billed like any call of that person: docs/playground.md.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';
import { bodyOf } from '#observe/api/body.ts';
import { personOf } from './person.ts';
import type { PlaygroundWays } from './port.ts';
import { chatRequest, playgroundBody } from './schema.ts';

/** A page waits no longer than this for the end of an answer. */
const LONGEST_MS = 10 * 60_000;
/** Answers under way in this process; the key's own limit bounds each person. */
const MOST_AT_ONCE = 64;
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };

export function playgroundRoutes(ways: PlaygroundWays): Route[] {
  const under = { way: 0 };
  return [
    {
      surface: 'observe',
      dialect: 'langfuse-unstable',
      access: ['project-key'],
      method: 'POST',
      path: '/api/public/unstable/playground/chat',
      summary: 'Ask a model of the gateway from the console, as server-sent events of a chat completion: only signed-in people, at their own key',
      body: playgroundBody,
      handle: (context) => ask(ways, under, context),
    },
  ];
}

async function ask(ways: PlaygroundWays, under: { way: number }, { http, principal, signal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, playgroundBody);
  const person = personOf(principal);
  if (ways.chat === null) throw new AppError('This process reaches no gateway: set --gateway-url.', { status: 422, code: 'no_gateway' });
  if (under.way >= MOST_AT_ONCE)
    throw new AppError('Many people use the playground at this moment: try again in a few seconds.', {
      status: 503,
      code: 'playground_busy',
      retryAfterSeconds: 5,
    });
  under.way += 1;
  const ended = once(() => {
    under.way -= 1;
  });
  try {
    const answer = await ways.chat({
      key: await ways.keyOf(person),
      body: JSON.stringify(chatRequest(body)),
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
    });
    if (!answer.ok || answer.body === null) throw refusalOf(answer.status, await answer.text(), answer.headers.get('retry-after'));
    const traceId = (answer.headers.get('x-litellm-call-id') ?? '').replaceAll('-', '');
    return new Response(ending(answer.body, ended), { headers: { ...HEADERS, 'x-genai-trace-id': traceId } });
  } catch (error) {
    ended();
    throw error;
  }
}

/** What the gateway refused, in its own words. Its 401 is about the person's key and never about the session. */
function refusalOf(status: number, text: string, retryAfter: string | null): AppError {
  const { message, code, type } = fieldsOf(fieldsOf(parsed(text)).error);
  const seconds = Number(retryAfter ?? Number.NaN);
  return new AppError(textOf(message) || `The gateway answered ${status}.`, {
    status: status === 401 ? 403 : status,
    code: textOf(code) || textOf(type) || `gateway_${status}`,
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  });
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** The same bytes; `ended` is told when they end, break off or are no longer wanted. */
function ending(body: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          ended();
          controller.close();
        } catch (error) {
          ended();
          controller.error(error);
        }
      },
      async cancel(reason) {
        ended();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
