// The events of a streamed response that several model calls make: one response with one id, its items and events numbered through, calls of tools shown as OpenAI shows those of MCP.
import { callItemId } from '#gateway/dialects/responses/mcp-items.ts';
import { countOf, type Fields, fieldsOf, textOf } from '#lib/json.ts';
import type { Emit } from './conversation.ts';
import type { OfferedTool } from './offered.ts';

/** A call of a tool whose outcome is not known yet. */
interface OpenCall {
  readonly index: number;
  readonly id: string;
}

export class ResponseStream {
  readonly #callId: string;
  readonly #runs: (name: string) => OfferedTool | null;
  #sequence = 0;
  /** How many items the client has been told of. */
  #count = 0;
  /** Of the model call that speaks: the places of its items in the whole response. */
  #places = new Map<number, { index: number; call: OpenCall | null }>();

  constructor(callId: string, runs: (name: string) => OfferedTool | null) {
    this.#callId = callId;
    this.#runs = runs;
  }

  write(type: string, fields: Fields): string {
    return `event: ${type}\ndata: ${JSON.stringify({ ...fields, type, sequence_number: this.#sequence++ })}\n\n`;
  }

  /** An item that is whole from its beginning. @param between events between its first and its last. */
  item(item: Fields, between: readonly string[]): string {
    const at = { output_index: this.#count++ };
    const added = this.write('response.output_item.added', { ...at, item: { ...item, tools: [] } });
    const events = between.map((type) => this.write(type, { ...at, item_id: item.id }));
    return added + events.join('') + this.write('response.output_item.done', { ...at, item });
  }

  /** One event of the model call that speaks, in its place. */
  pass(event: Fields, emit: Emit): void {
    const type = textOf(event.type);
    if (type === 'response.output_item.added') emit(this.#added(event));
    else if (event.output_index === undefined) emit(this.write(type, event));
    else this.#inPlace(type, event, emit);
  }

  #added(event: Fields): string {
    const item = fieldsOf(event.item);
    const offered = item.type === 'function_call' ? this.#runs(textOf(item.name)) : null;
    const index = this.#count++;
    if (offered === null) {
      this.#places.set(countOf(event.output_index), { index, call: null });
      return this.write('response.output_item.added', { ...event, output_index: index });
    }
    const call = { index, id: callItemId(this.#callId, index) };
    this.#places.set(countOf(event.output_index), { index, call });
    const shown = { id: call.id, type: 'mcp_call', status: 'in_progress', approval_request_id: null, server_label: offered.label, name: offered.name };
    const added = this.write('response.output_item.added', { output_index: index, item: { ...shown, arguments: '', output: null, error: null } });
    return added + this.write('response.mcp_call.in_progress', { output_index: index, item_id: call.id });
  }

  #inPlace(type: string, event: Fields, emit: Emit): void {
    const place = this.#places.get(countOf(event.output_index));
    const index = place?.index ?? this.#count;
    const call = place?.call ?? null;
    if (call === null) {
      emit(this.write(type, { ...event, output_index: index }));
      return;
    }
    const at = { output_index: index, item_id: call.id };
    if (type === 'response.function_call_arguments.delta') emit(this.write('response.mcp_call_arguments.delta', { ...at, delta: event.delta }));
    if (type === 'response.function_call_arguments.done') emit(this.write('response.mcp_call_arguments.done', { ...at, arguments: event.arguments }));
  }

  /** Where an event's item stands in the whole response. */
  placeOf(event: Fields): number {
    return this.#places.get(countOf(event.output_index))?.index ?? this.#count;
  }

  /** The model call has ended; the next one counts its items from 0 again. */
  turnOver(): void {
    this.#places = new Map();
  }

  /** What has become of a call. */
  called({ index, id }: OpenCall, item: Fields, failed: boolean): string {
    const outcome = this.write(failed ? 'response.mcp_call.failed' : 'response.mcp_call.completed', { output_index: index, item_id: id });
    return outcome + this.write('response.output_item.done', { output_index: index, item });
  }
}
