// Comments that hold a silent stream open through proxies that drop idle connections (litellm_settings.sse_keepalive_ping_interval_seconds). Off unless it is set.
import type { Call } from './call.ts';
import type { GatewayDeps } from './deps.ts';
import { errorHeaders } from './headers.ts';

/** A line that starts with a colon is a comment to every reader of server-sent events. */
const PING = Buffer.from(': ping\n\n');

/** The pings of one streamed call. The first one, when nothing was answered yet, commits the answer to 200: a later failure is an event of the stream. */
export class Pings {
  readonly #call: Call;
  readonly #deps: GatewayDeps;
  readonly #timer: NodeJS.Timeout;
  #midFrame = false;

  constructor(call: Call, deps: GatewayDeps, intervalMs: number) {
    this.#call = call;
    this.#deps = deps;
    this.#timer = setTimeout(() => this.#ping(), intervalMs);
  }

  /** Bytes of the answer have left. @param midFrame the next ones belong to the same event: nothing may stand between. */
  wrote(midFrame: boolean): void {
    this.#midFrame = midFrame;
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #ping(): void {
    this.#timer.refresh();
    const { response } = this.#call;
    if (response.destroyed || this.#midFrame || response.writableNeedDrain) return;
    if (!response.headersSent) {
      response.writeHead(200, ['content-type', 'text/event-stream; charset=utf-8', ...STREAM_HEADERS, ...errorHeaders(this.#call, this.#deps)]);
    }
    response.write(PING);
  }
}

/** What keeps proxies from holding a stream back. */
export const STREAM_HEADERS: readonly string[] = ['cache-control', 'no-cache', 'x-accel-buffering', 'no'];
