// A chat with tools of MCP servers. What happened before the answer stands in `provider_specific_fields` (LiteLLM): mcp_list_tools, mcp_tool_calls, mcp_call_results.
import { joinThinking } from '#gateway/dialects/responses/reasoning.ts';
import type { ThinkingBlock } from '#gateway/providers/chat.ts';
import { AppError } from '#lib/errors.ts';
import { countOf, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { addedUsage, type Conversation, type Emit, type ModelTurn, type ToolOutcome, type WantedUse } from './conversation.ts';
import type { Offered } from './offered.ts';

/** A streamed answer as far as it has come. */
interface Streamed {
  message: Fields;
  calls: Map<number, { call: Fields; runs: boolean; index: number }>;
  usage: unknown;
  finish: Fields | null;
}

export class ChatConversation implements Conversation {
  readonly #body: Fields;
  readonly #offered: Offered;
  readonly #messages: Fields[];
  readonly #wantsUsage: boolean;
  #turns = 0;
  #usage: unknown = null;
  #last: Fields = {};
  #calls: Fields[] = [];
  #results: Fields[] = [];
  /** Of a stream: what all its chunks share, told by the first. */
  #head: Fields | null = null;
  #streamed: Streamed = emptyStream();

  /** @throws AppError 400 for several answers at once. */
  constructor(body: Fields, offered: Offered, wantsUsage: boolean) {
    if (typeof body.n === 'number' && body.n > 1)
      throw new AppError('A chat with MCP tools has one answer: leave out "n".', { status: 400, code: 'invalid_request_error', param: 'n' });
    this.#body = body;
    this.#offered = offered;
    this.#messages = objectsOf(body.messages).flatMap(unfolded);
    this.#wantsUsage = wantsUsage;
  }

  body(toolsOver: boolean): Fields {
    const tools = this.#offered.tools.map((tool) => ('other' in tool ? tool.other : functionOf(tool.offered)));
    const { tools: _, tool_choice: choice, ...rest } = this.#body;
    const next: Fields = { ...rest, messages: this.#body.messages === undefined ? undefined : this.#messages };
    if (tools.length > 0) next.tools = tools;
    const chosen = toolsOver ? 'none' : this.#turns === 0 ? choiceOf(choice, this.#offered) : laterChoice(choice);
    if (chosen !== undefined && tools.length > 0) next.tool_choice = chosen;
    return next;
  }

  whole(answer: Fields): ModelTurn {
    this.#usage = addedUsage(this.#usage, answer.usage);
    this.#last = answer;
    const choice = fieldsOf(objectsOf(answer.choices)[0]);
    return this.#said(fieldsOf(choice.message));
  }

  /** Keeps what the model said, with the calls that the gateway runs; the client's own end the conversation here. */
  #said(message: Fields): ModelTurn {
    this.#turns++;
    const calls = objectsOf(message.tool_calls);
    const runs = calls.filter((call) => this.#runs(call));
    if (runs.length === 0) return { uses: [], isLast: true };
    this.#messages.push({ role: 'assistant', content: null, ...message, tool_calls: runs });
    this.#calls.push(...runs);
    return { uses: runs.map(useOf), isLast: runs.length < calls.length };
  }

  #runs(call: Fields): boolean {
    return this.#offered.byName.get(textOf(fieldsOf(call.function).name))?.runs === true;
  }

  used(outcomes: readonly ToolOutcome[], emit: Emit): void {
    const results = outcomes.map(({ use, text }) => ({ tool_call_id: use.id, name: use.name, result: text }));
    for (const { use, text } of outcomes) this.#messages.push({ role: 'tool', tool_call_id: use.id, content: text });
    this.#results.push(...results);
    const fields = { mcp_tool_calls: this.#calls.slice(-outcomes.length), mcp_call_results: results };
    if (this.#head !== null) emit(this.#chunk({ provider_specific_fields: fields }));
  }

  answer(): Fields {
    const choices = objectsOf(this.#last.choices).map((choice, index) =>
      index === 0 ? { ...choice, message: this.#shown(fieldsOf(choice.message)) } : choice,
    );
    return { ...this.#last, choices, ...(this.#usage === null ? {} : { usage: this.#usage }) };
  }

  /** The last message with what was done before it, and with the client's own calls alone. */
  #shown(message: Fields): Fields {
    const { tool_calls: calls, ...rest } = message;
    const own = objectsOf(calls).filter((call) => !this.#runs(call));
    const done = this.#calls.length === 0 ? {} : { mcp_tool_calls: this.#calls, mcp_call_results: this.#results };
    const fields = { ...fieldsOf(message.provider_specific_fields), mcp_list_tools: this.#listed(), ...done };
    return { ...rest, ...(own.length === 0 ? {} : { tool_calls: own }), provider_specific_fields: fields };
  }

  #listed(): Fields[] {
    return [...this.#offered.byName.values()].map(functionOf);
  }

  event(event: Fields, emit: Emit): boolean {
    if (event.error !== undefined && event.error !== null) {
      emit(`data: ${JSON.stringify(event)}\n\n`);
      return false;
    }
    if (event.usage !== undefined && event.usage !== null) this.#streamed.usage = event.usage;
    const choices = objectsOf(event.choices);
    const choice = choices.find(({ index }) => countOf(index) === 0);
    if (choice === undefined) {
      // What comes before the first choice (a content filter's word on the prompt) is the client's; a usage is told at the end.
      if (!isFields(event.usage)) emit(`data: ${JSON.stringify(event)}\n\n`);
      return true;
    }
    this.#choice(event, choice, emit);
    return true;
  }

  #choice(event: Fields, choice: Fields, emit: Emit): void {
    const isFirst = this.#head === null;
    const { choices: _, usage: __, ...head } = event;
    this.#head ??= head;
    const delta = this.#delta(fieldsOf(choice.delta));
    if (this.#turns > 0) delete delta.role;
    if (isFirst) delta.provider_specific_fields = { ...fieldsOf(delta.provider_specific_fields), mcp_list_tools: this.#listed() };
    if (typeof choice.finish_reason === 'string') this.#streamed.finish = { ...choice, delta: {} };
    const isEmpty = Object.values(delta).every((value) => value === null || value === '' || value === undefined);
    if (!isEmpty) emit(this.#frame([{ ...choice, delta, finish_reason: null }], head));
  }

  /** Keeps a piece of the message; answers what the client may see of it: all but the calls that the gateway runs. */
  #delta(delta: Fields): Fields {
    const { tool_calls: pieces, ...said } = delta;
    const { message } = this.#streamed;
    for (const [key, value] of Object.entries(said)) {
      if (key === 'thinking_blocks') {
        const blocks = (message.thinking_blocks ?? []) as ThinkingBlock[];
        message.thinking_blocks = blocks;
        for (const piece of objectsOf(value)) joinThinking(blocks, piece as unknown as ThinkingBlock);
      } else if (typeof value === 'string' && key !== 'role') message[key] = textOf(message[key]) + value;
      else if (value !== null && value !== undefined) message[key] = value;
    }
    const shown = objectsOf(pieces).flatMap((piece) => this.#piece(piece));
    return shown.length === 0 ? { ...said } : { ...said, tool_calls: shown };
  }

  #piece(piece: Fields): Fields[] {
    const { calls } = this.#streamed;
    const at = countOf(piece.index);
    const known = calls.get(at);
    if (known === undefined) {
      const { index: _, ...call } = piece;
      const runs = this.#runs(call);
      const index = runs ? -1 : [...calls.values()].filter((one) => !one.runs).length;
      calls.set(at, { call: { type: 'function', ...call, function: { arguments: '', ...fieldsOf(call.function) } }, runs, index });
      return runs ? [] : [{ ...piece, index }];
    }
    const { name, arguments: more } = fieldsOf(piece.function);
    const whole = fieldsOf(known.call.function);
    whole.name = textOf(whole.name) || name;
    whole.arguments = textOf(whole.arguments) + textOf(more);
    return known.runs ? [] : [{ ...piece, index: known.index }];
  }

  streamed(): ModelTurn | null {
    const { message, calls, usage, finish } = this.#streamed;
    if (finish === null) return null;
    this.#usage = addedUsage(this.#usage, usage);
    this.#last = finish;
    this.#streamed = emptyStream();
    return this.#said(calls.size === 0 ? message : { ...message, tool_calls: [...calls.values()].map(({ call }) => call) });
  }

  ending(): string {
    const usage = this.#wantsUsage && isFields(this.#usage) ? `data: ${JSON.stringify({ ...this.#head, choices: [], usage: this.#usage })}\n\n` : '';
    return `${this.#frame([this.#last])}${usage}data: [DONE]\n\n`;
  }

  #chunk(delta: Fields): string {
    return this.#frame([{ index: 0, delta, finish_reason: null }]);
  }

  /** One answer has one id, whichever of its turns speaks. */
  #frame(choices: Fields[], own: Fields = {}): string {
    const { id, created } = this.#head ?? {};
    return `data: ${JSON.stringify({ ...this.#head, ...own, id, created, choices })}\n\n`;
  }
}

function emptyStream(): Streamed {
  return { message: {}, calls: new Map(), usage: null, finish: null };
}

const functionOf = ({ name, description, schema }: { name: string; description: string; schema: Fields }): Fields => ({
  type: 'function',
  function: { name, description, parameters: schema },
});

function useOf(call: Fields): WantedUse {
  const { name, arguments: input } = fieldsOf(call.function);
  return { id: textOf(call.id), name: textOf(name), arguments: textOf(input) };
}

/** What was done before an answer that a client brings back, as the messages that it was. */
function unfolded(message: Fields): Fields[] {
  const { mcp_list_tools: _, mcp_tool_calls: calls, mcp_call_results: results, ...rest } = fieldsOf(message.provider_specific_fields);
  const given = objectsOf(results);
  const done = objectsOf(calls).filter(({ id }) => given.some(({ tool_call_id }) => tool_call_id === id));
  if (message.role !== 'assistant' || (done.length === 0 && _ === undefined)) return [message];
  const { provider_specific_fields: __, ...own } = message;
  const said = Object.keys(rest).length === 0 ? own : { ...own, provider_specific_fields: rest };
  if (done.length === 0) return [said];
  const outputs = done.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: textOf(given.find(({ tool_call_id }) => tool_call_id === id)?.result) }));
  return [{ role: 'assistant', content: null, tool_calls: done }, ...outputs, said];
}

/** A choice of an MCP tool is one of its function; of a whole server, of any tool. */
function choiceOf(choice: unknown, { byName }: Offered): unknown {
  if (!isFields(choice) || choice.type !== 'mcp') return choice;
  const chosen = [...byName.values()].find(({ name, tool }) => choice.name === name || choice.name === tool);
  return chosen === undefined ? 'required' : { type: 'function', function: { name: chosen.name } };
}

/** A tool that has to be called was called: asked for again and again the model would never answer. */
function laterChoice(choice: unknown): unknown {
  return choice === 'none' || choice === 'auto' ? choice : undefined;
}
