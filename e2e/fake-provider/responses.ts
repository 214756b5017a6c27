// The fake provider's Responses: kept in memory, gone on from, read, listed, deleted, in OpenAI's shapes and words.
import type { ServerResponse } from 'node:http';
import type { RecordedRequest } from './fake-provider.ts';

interface Kept {
  response: Record<string, unknown>;
  input: unknown;
  /** What it becomes, in the background. */
  end?: Record<string, unknown>;
  /** What is streamed of it. */
  events?: readonly string[];
}

export class FakeResponses {
  readonly #kept = new Map<string, Kept>();
  #count = 0;
  /** What runs in the background goes on until it is let go. */
  held = false;

  /** Answers what is under `/responses`; false = another path. */
  serve({ method, path, body }: RecordedRequest, response: ServerResponse): boolean {
    const match = /\/responses(?:\/([\w-]+))?(?:\/(\w+))?(?:\?|$)/.exec(path);
    if (match === null) return false;
    const [, id, part] = match;
    if (id === undefined) this.#create(JSON.parse(body.toString('utf8')), response);
    else this.#resource({ method, id, part, query: new URLSearchParams(path.split('?')[1]) }, response);
    return true;
  }

  #create(asked: Record<string, unknown>, response: ServerResponse): void {
    const previous = asked.previous_response_id;
    if (typeof previous === 'string' && !this.#kept.has(previous)) {
      send(response, 400, { error: { message: `Previous response with id '${previous}' not found.`, type: 'invalid_request_error', param: null, code: null } });
      return;
    }
    const id = `resp_fake${++this.#count}`;
    const turns = typeof previous === 'string' ? 2 : 1;
    const item = { id: `msg_${id}`, type: 'message', role: 'assistant', status: 'completed' };
    const content = [{ type: 'output_text', text: `turn ${turns}`, annotations: [] }];
    const usage = {
      input_tokens: 9,
      output_tokens: 12,
      total_tokens: 21,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    };
    const head = { id, object: 'response', created_at: 1_700_000_000, model: 'gpt-4o-mini-2024-07-18', store: asked.store !== false, error: null };
    const whole = { ...head, status: 'completed', previous_response_id: previous ?? null, output: [{ ...item, content }], usage };
    if (asked.store !== false) this.#kept.set(id, { response: whole, input: asked.input });
    const waiting = { ...whole, background: true, status: 'queued', output: [], usage: null };
    const events = [
      { type: 'response.created', response: asked.background === true ? waiting : { ...head, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
      { type: 'response.content_part.added', item_id: item.id, output_index: 0, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } },
      { type: 'response.output_text.delta', item_id: item.id, output_index: 0, content_index: 0, delta: `turn ${turns}` },
      { type: 'response.completed', response: asked.background === true ? { ...whole, background: true } : whole },
    ].map((event, index) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`);
    if (asked.background === true) this.#kept.set(id, { response: waiting, input: asked.input, end: { ...whole, background: true }, events });
    if (asked.stream === true) this.#stream(response, events, asked.background === true);
    else send(response, 200, asked.background === true ? waiting : whole);
  }

  /** What is held back stays open after its first event. */
  #stream(response: ServerResponse, events: readonly string[], background: boolean): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    if (background && this.held) response.write(events[0] ?? '');
    else response.end(events.join(''));
  }

  #resource({ method, id, part, query }: { method: string; id: string; part: string | undefined; query: URLSearchParams }, response: ServerResponse): void {
    const kept = this.#kept.get(id);
    if (kept === undefined)
      send(response, 404, { error: { message: `Response with id '${id}' not found.`, type: 'invalid_request_error', param: null, code: null } });
    else if (method === 'DELETE') {
      this.#kept.delete(id);
      send(response, 200, { id, object: 'response', deleted: true });
    } else if (part === 'input_items') {
      const data = [{ id: 'msg_in', type: 'message', role: 'user', content: [{ type: 'input_text', text: kept.input }] }];
      send(response, 200, { object: 'list', data, first_id: 'msg_in', last_id: 'msg_in', has_more: false });
    } else if (query.get('stream') === 'true') {
      this.#stream(response, (kept.events ?? []).slice(Number(query.get('starting_after') ?? -1) + 1), true);
    } else if (kept.end !== undefined) {
      if (part === 'cancel') kept.end = { ...kept.response, status: 'cancelled' };
      kept.response = this.held && part !== 'cancel' ? { ...kept.response, status: 'in_progress' } : kept.end;
      send(response, 200, kept.response);
    } else if (part === 'cancel') send(response, 400, { error: { message: 'Cannot cancel a synchronous response.', type: 'invalid_request_error' } });
    else send(response, 200, kept.response);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
