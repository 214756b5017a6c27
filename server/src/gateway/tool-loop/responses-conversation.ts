// A response with tools of MCP servers, as OpenAI shows one: `mcp_list_tools` first, an `mcp_call` for every call that the gateway has made, then what the model says.
import { callItemId, listItemId, withoutMcp } from '#gateway/dialects/responses/mcp-items.ts';
import { inputItems } from '#gateway/responses/turn.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { addedUsage, type Conversation, type Emit, type ModelTurn, type ToolOutcome, type WantedUse } from './conversation.ts';
import type { Offered, OfferedTool } from './offered.ts';
import { ResponseStream } from './response-stream.ts';

const REASONING = 'reasoning.encrypted_content';

export interface ResponseFacts {
  /** Of the whole call. */
  readonly callId: string;
  readonly isStream: boolean;
  /** The response will be kept here. */
  readonly kept: boolean;
}

/** An item of the model and its place in the whole response. */
interface PlacedItem {
  readonly item: Fields;
  readonly index: number;
}

export class ResponsesConversation implements Conversation {
  readonly #body: Fields;
  readonly #offered: Offered;
  readonly #facts: ResponseFacts;
  readonly #stream: ResponseStream;
  readonly #id: string;
  /** What the model is asked: the client's input, then everything since. */
  #input: unknown;
  /** What the client is told, in its order; null for a call under way. */
  readonly #output: (Fields | null | undefined)[];
  #turns = 0;
  #usage: unknown = null;
  #last: Fields = {};
  #lastType = '';
  /** Uses that wait for their outcome, and where in the output they stand. */
  #open: { use: WantedUse; index: number; id: string }[] = [];
  #isBegun = false;
  /** Items that the streaming model call has ended. */
  readonly #done: PlacedItem[] = [];

  /** @throws AppError 400 for what cannot run in the background. */
  constructor(body: Fields, offered: Offered, facts: ResponseFacts) {
    if (body.background === true)
      throw new AppError('A response with MCP tools of this gateway cannot run in the background: leave out "background".', {
        status: 400,
        code: 'invalid_request_error',
        param: 'background',
      });
    this.#body = body;
    this.#offered = offered;
    this.#facts = facts;
    this.#id = `resp_${facts.callId}`;
    this.#input = Array.isArray(body.input) ? body.input.flatMap((item) => (isFields(item) ? withoutMcp(item) : [item])) : body.input;
    this.#stream = new ResponseStream(facts.callId, (name) => this.#runs(name));
    this.#output = offered.lists.map(({ label, tools, problem }, index) => ({
      id: listItemId(facts.callId, index),
      type: 'mcp_list_tools',
      server_label: label,
      tools: tools.map(({ name, description, schema }) => ({ name, description, input_schema: schema, annotations: null })),
      ...(problem === null ? {} : { error: problem }),
    }));
  }

  body(toolsOver: boolean): Fields {
    const tools = this.#offered.tools.map((tool) => ('other' in tool ? tool.other : functionOf(tool.offered)));
    const { tools: _, tool_choice: choice, ...rest } = this.#body;
    // The response belongs to the gateway: an upstream keeps none of its parts.
    const next: Fields = { ...rest, input: this.#input, store: false };
    if (tools.length > 0) next.tools = tools;
    const chosen = toolsOver ? 'none' : this.#turns === 0 ? choiceOf(choice, this.#offered) : laterChoice(choice);
    if (chosen !== undefined && tools.length > 0) next.tool_choice = chosen;
    // What is not kept has to be brought back.
    if (isFields(this.#body.reasoning)) next.include = [...new Set([...(Array.isArray(rest.include) ? rest.include : []), REASONING])];
    return next;
  }

  /** The conversation holds reasoning that only who wrote it can read. */
  get isSealed(): boolean {
    return objectsOf(this.#input).some((item) => item.type === 'reasoning' && textOf(item.encrypted_content) !== '');
  }

  #runs(name: string): OfferedTool | null {
    const offered = this.#offered.byName.get(name);
    return offered?.runs === true ? offered : null;
  }

  whole(answer: Fields): ModelTurn {
    this.#last = answer;
    const first = this.#output.length;
    return this.#said(objectsOf(answer.output).map((item, at) => ({ item, index: first + at })));
  }

  #said(items: readonly PlacedItem[]): ModelTurn {
    this.#turns++;
    this.#usage = addedUsage(this.#usage, this.#last.usage);
    for (const { item, index } of items) {
      const offered = this.#ranBy(item);
      this.#output[index] = offered === null ? item : null;
      if (offered === null) continue;
      const use = { id: textOf(item.call_id), name: offered.name, arguments: textOf(item.arguments) };
      this.#open.push({ use, index, id: callItemId(this.#facts.callId, index) });
    }
    const uses = this.#open.map(({ use }) => use);
    if (uses.length > 0) this.#input = [...inputItems(this.#input), ...items.flatMap(({ item }) => bringable(item))];
    return { uses, isLast: uses.length === 0 || items.some(({ item }) => item.type === 'function_call' && this.#ranBy(item) === null) };
  }

  #ranBy(item: Fields): OfferedTool | null {
    return item.type === 'function_call' ? this.#runs(textOf(item.name)) : null;
  }

  used(outcomes: readonly ToolOutcome[], emit: Emit): void {
    for (const { use, text, failed } of outcomes) {
      const open = this.#open.find((one) => one.use === use);
      if (open === undefined) continue;
      const item = this.#callItem(open.id, use, { text, failed });
      this.#output[open.index] = item;
      if (this.#facts.isStream) emit(this.#stream.called(open, item, failed));
    }
    const outputs = outcomes.map(({ use, text }) => ({ type: 'function_call_output', call_id: use.id, output: text }));
    this.#input = [...inputItems(this.#input), ...outputs];
    this.#open = [];
  }

  #callItem(id: string, use: WantedUse, { text, failed }: { text: string; failed: boolean }): Fields {
    const outcome = failed ? { status: 'failed', output: null, error: text } : { status: 'completed', output: text, error: null };
    const label = this.#offered.byName.get(use.name)?.label ?? '';
    return { id, type: 'mcp_call', approval_request_id: null, server_label: label, name: use.name, arguments: use.arguments, call_id: use.id, ...outcome };
  }

  answer(): Fields {
    const output = this.#output.filter((item) => isFields(item));
    return { ...this.#head(this.#last), output, ...(this.#usage === null ? {} : { usage: this.#usage }) };
  }

  /** What the response says of itself: one id, and the request as the client sent it, without what opens servers. */
  #head(response: Fields): Fields {
    const tools = (Array.isArray(this.#body.tools) ? this.#body.tools : []).map(withoutCredentials);
    const { previous_response_id: previous = null, tool_choice: choice = 'auto', include: _ } = this.#body;
    return { ...response, id: this.#id, tools, tool_choice: choice, previous_response_id: previous, store: this.#facts.kept };
  }

  event(event: Fields, emit: Emit): boolean {
    const type = textOf(event.type);
    if (type === 'error' || (event.error !== undefined && event.error !== null && type === '')) {
      emit(this.#stream.write('error', event));
      return false;
    }
    if (/^response\.(created|queued|in_progress)$/.test(type)) {
      if (!this.#isBegun) emit(this.#stream.write(type, { ...event, response: { ...this.#head(fieldsOf(event.response)), output: [] } }));
      return true;
    }
    if (!this.#isBegun) emit(this.#begin());
    if (/^response\.(completed|incomplete|failed)$/.test(type)) {
      this.#last = fieldsOf(event.response);
      this.#lastType = type;
      return true;
    }
    this.#stream.pass(event, emit);
    if (type === 'response.output_item.done') this.#done.push({ item: fieldsOf(event.item), index: this.#stream.placeOf(event) });
    return true;
  }

  /** The lists of tools, in the place where OpenAI tells of them. */
  #begin(): string {
    this.#isBegun = true;
    const between = ['response.mcp_list_tools.in_progress', 'response.mcp_list_tools.completed'];
    return this.#output.map((item) => this.#stream.item(item as Fields, between)).join('');
  }

  streamed(): ModelTurn | null {
    if (this.#lastType === '') return null;
    this.#stream.turnOver();
    const turn = this.#said(this.#done.splice(0));
    if (!turn.isLast) this.#lastType = '';
    return turn;
  }

  ending(): string {
    return this.#stream.write(this.#lastType, { response: this.answer() });
  }
}

const functionOf = ({ name, description, schema }: OfferedTool): Fields => ({ type: 'function', name, description, parameters: schema, strict: false });

/** An item of the model as input of its next call: ids mean nothing where nothing is kept, and reasoning without its seal cannot be read. */
function bringable(item: Fields): Fields[] {
  if (item.type === 'reasoning') return textOf(item.encrypted_content) === '' ? [] : [item];
  if (item.type !== 'message' && item.type !== 'function_call') return [item];
  const { id: _, status: __, ...rest } = item;
  return [rest];
}

function withoutCredentials(tool: unknown): unknown {
  if (!isFields(tool) || tool.type !== 'mcp') return tool;
  const { headers: _, authorization: __, ...shown } = tool;
  return shown;
}

function choiceOf(choice: unknown, { byName }: Offered): unknown {
  if (!isFields(choice) || choice.type !== 'mcp') return choice;
  const chosen = [...byName.values()].find(({ name, tool }) => choice.name === name || choice.name === tool);
  return chosen === undefined ? 'required' : { type: 'function', name: chosen.name };
}

/** A tool that has to be called was called: asked for again and again the model would never answer. */
function laterChoice(choice: unknown): unknown {
  return choice === 'none' || choice === 'auto' ? choice : undefined;
}
