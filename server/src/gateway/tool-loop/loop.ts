// A call with tools of MCP servers: the model is asked, the tools that it asks for are run, the model is asked again, until it answers or the client is needed.
// Each model call and each tool call is a call of its own, with its own row, reservation and settlement, all under one trace; what bounds them all are turns, tools, time and bytes.
import type { IncomingHttpHeaders } from 'node:http';
import { checkRoute } from '#gateway/allowed-routes.ts';
import { Call } from '#gateway/call.ts';
import { answerFailure, ClientGone, type Failure, ownFailure } from '#gateway/errors.ts';
import { contextIn, innerHeaders, requestWith } from '#gateway/inner-call.ts';
import { type InnerEvents, InnerResponse } from '#gateway/inner-response.ts';
import { Pings } from '#gateway/pings.ts';
import { sendFailure, sendWhole } from '#gateway/reply.ts';
import type { Asked } from '#gateway/request.ts';
import { keepHeld } from '#gateway/responses/keep.ts';
import type { Plane } from '#gateway/run.ts';
import { callerKeepsContent } from '#gateway/settle.ts';
import { AppError } from '#lib/errors.ts';
import { dashed } from '#lib/id.ts';
import { countOf, type Fields, fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';
import { formatPicos } from '#lib/money.ts';
import { ChatConversation } from './chat-conversation.ts';
import type { Conversation, ModelTurn, ToolOutcome } from './conversation.ts';
import { type Offered, offerTools } from './offered.ts';
import { ResponsesConversation } from './responses-conversation.ts';
import { useTools } from './use-tools.ts';
import type { WantedTool } from './wanted.ts';

/** How often a model may ask for tools; then it has to answer. */
const MOST_ROUNDS = 10;
/** Tools that are run for one call. */
const MOST_TOOLS = 100;

/** A longer one would be over at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The corridor of one call. */
export type Run = (call: Call, plane: Plane) => Promise<void>;

/** Serves a call that wants tools of the gateway's servers. @throws AppError for what is refused before a model was asked. */
export async function serveToolLoop(door: Call, plane: Plane, [wanted, run]: [readonly WantedTool[], Run]): Promise<void> {
  const { deps } = plane;
  const caller = { key: door.key, keyId: door.keyId };
  // Whoever may not call tools at their own door calls none here.
  if (door.key !== null) checkRoute(door.key, '/mcp', 'llm');
  const offered = await offerTools({ call: door, caller, plane }, wanted);
  if (door.gone) throw new ClientGone();
  const loop = new ToolLoop({ door, plane, run }, offered);
  door.handedOver = true;
  try {
    await loop.serve();
  } catch (error) {
    if (!(error instanceof AppError) && !(error instanceof ClientGone))
      deps.log.error('a call with tools failed inside the gateway', { callId: door.id, error });
    if (!door.gone) loop.tell(ownFailure(error));
  } finally {
    loop.close();
  }
}

interface Parts {
  readonly door: Call;
  readonly plane: Plane;
  readonly run: Run;
}

/** A model call that has ended. */
interface Ended {
  readonly call: Call;
  readonly response: InnerResponse;
}

class ToolLoop implements InnerEvents {
  readonly #door: Call;
  readonly #plane: Plane;
  readonly #run: Run;
  readonly #offered: Offered;
  readonly #talk: Conversation;
  readonly #asked: Asked;
  readonly #deadlineMs: number;
  readonly #left = new AbortController();
  /** Who the tools are called for, as the body says it. */
  readonly #context: Fields;
  #turn: Ended | null = null;
  #first: Call | null = null;
  #pinnedTo: string | null = null;
  #toolsLeft: number;
  #spentPicos: bigint | null = 0n;
  /** The stream of the turn has told of an error. */
  #hasFailed = false;

  constructor({ door, plane, run }: Parts, offered: Offered) {
    this.#door = door;
    this.#plane = plane;
    this.#run = run;
    this.#offered = offered;
    this.#asked = door.asked as Asked;
    const body = JSON.parse(door.body.toString('utf8')) as Fields;
    this.#talk = this.#conversationOf(body);
    this.#deadlineMs = plane.deps.clock.nowMs() + door.snapshot.config.requestTimeoutMs;
    this.#toolsLeft = typeof body.max_tool_calls === 'number' ? Math.min(MOST_TOOLS, countOf(body.max_tool_calls)) : MOST_TOOLS;
    this.#context = { ...contextIn(body), ...(body.guardrails === undefined ? {} : { guardrails: body.guardrails }) };
    door.waiting = { interrupt: () => this.#interrupt() };
    door.response.on('drain', () => this.#turn?.response.drained());
    const { pingMs } = door.snapshot.config;
    if (pingMs !== null && this.#asked.stream) door.pings = new Pings(door, plane.deps, pingMs);
  }

  #conversationOf(body: Fields): Conversation {
    if (this.#door.endpoint === 'chat') return new ChatConversation(body, this.#offered, this.#asked.wantsUsage);
    return new ResponsesConversation(body, this.#offered, { callId: this.#door.id, isStream: this.#asked.stream, kept: this.#keeps(body) });
  }

  #keeps(body: Fields): boolean {
    const { responsesRetentionMs, contentOff } = this.#door.snapshot.config;
    return body.store !== false && responsesRetentionMs > 0 && !contentOff && callerKeepsContent(this.#door);
  }

  async serve(): Promise<void> {
    for (let round = 1; ; round++) {
      const turn = await this.#ask(round);
      if (turn === null) return;
      if (turn.uses.length > 0) await this.#use(turn);
      if (this.#door.gone) throw new ClientGone();
      if (turn.isLast) {
        await this.#finish();
        return;
      }
      if (round > MOST_ROUNDS) throw endless();
    }
  }

  /** One call of the model; null when it has failed and the client was told. */
  async #ask(round: number): Promise<ModelTurn | null> {
    const door = this.#door;
    const body = Buffer.from(JSON.stringify(this.#talk.body(round > MOST_ROUNDS)));
    this.#refuseTooMuch(body);
    const response = new InnerResponse(door.response, this.#asked.stream ? this : null);
    const call = new Call(this.#plane.deps, door.snapshot, round === 1 ? door : pathOf(door), [requestWith(door.request, this.#headers(round)), response]);
    call.clientAddress = door.clientAddress;
    call.inner = { body, deadlineMs: this.#deadlineMs, pinnedTo: this.#pinnedTo, isOurs: false };
    this.#first ??= call;
    this.#turn = { call, response };
    if (door.gone) throw new ClientGone();
    await this.#run(call, this.#plane);
    if (door.gone) throw new ClientGone();
    this.#spentPicos = this.#spentPicos === null || call.costPicos === null ? null : this.#spentPicos + call.costPicos + call.besidePicos;
    return this.#heard({ call, response });
  }

  #refuseTooMuch(body: Buffer): void {
    const { deps } = this.#plane;
    if (deps.clock.nowMs() >= this.#deadlineMs) throw tooLate();
    if (body.length > deps.settings.limits.maxRequestBytes)
      throw new AppError('The conversation with the results of its tools is larger than the gateway accepts: ask for less at once.', {
        status: 400,
        code: 'invalid_request_error',
      });
  }

  /** The client's own headers, under one trace: the first model call is its root unless the client has one. */
  #headers(round: number): IncomingHttpHeaders {
    return round === 1 ? this.#door.request.headers : innerHeaders(this.#door, String(round));
  }

  #heard({ call, response }: Ended): ModelTurn | null {
    if (response.isStream) {
      if (this.#hasFailed) {
        this.#door.response.end();
        return null;
      }
      const turn = this.#talk.streamed();
      if (turn === null) throw new AppError('The upstream ended its stream before its answer was complete.', { status: 502, code: 'api_error' });
      return this.#noted(call, turn);
    }
    const answer = parsed(response.body);
    if (response.statusCode === 200 && !response.isCut && !this.#asked.stream && isFields(answer)) return this.#noted(call, this.#talk.whole(answer));
    if (response.statusCode !== 200) this.#pass(response, answer);
    else this.tell(answerFailure('the upstream did not stream its answer, or did not end it', originOf(call)));
    return null;
  }

  #noted(call: Call, turn: ModelTurn): ModelTurn {
    if (call.native && this.#talk instanceof ResponsesConversation && this.#talk.isSealed) this.#pinnedTo = call.attempts.at(-1)?.deploymentId ?? null;
    return turn;
  }

  /** A refusal of a model call is the client's, as it came. */
  #pass(response: InnerResponse, answer: unknown): void {
    const door = this.#door;
    if (!door.response.headersSent) {
      sendWhole(door.response, response.statusCode, this.#ownHeaders(response.headers), Buffer.concat(response.chunks));
      return;
    }
    const error = fieldsOf(fieldsOf(answer).error);
    const told = { message: textOf(error.message), type: textOf(error.type) || null, param: textOf(error.param) || null };
    this.tell({ ...ownFailure(new AppError('', { status: response.statusCode, code: '' })), ...told });
  }

  /** The headers of a model call as those of the whole. */
  #ownHeaders(headers: readonly string[]): string[] {
    const turnId = this.#turn === null ? '' : dashed(this.#turn.call.id);
    const own: string[] = [];
    for (let at = 0; at < headers.length; at += 2) {
      const [name = '', value = ''] = [headers[at], headers[at + 1]];
      if (name === 'content-length') continue;
      if (name === 'x-litellm-response-cost' && this.#spentPicos !== null) own.push(name, formatPicos(this.#spentPicos));
      else if (name !== 'x-litellm-response-cost') own.push(name, value === turnId ? dashed(this.#door.id) : value);
    }
    return own;
  }

  async #use({ uses }: ModelTurn): Promise<void> {
    const door = this.#door;
    const late = AbortSignal.timeout(Math.min(LONGEST_TIMER_MS, Math.max(1, this.#deadlineMs - this.#plane.deps.clock.nowMs())));
    const signal = AbortSignal.any([this.#left.signal, late]);
    const call = { request: requestWith(door.request, this.#headers(2)), response: door.response, snapshot: door.snapshot, clientAddress: door.clientAddress };
    const caller = { key: door.key, keyId: door.keyId };
    const outcomes = await useTools(
      {
        ...{ door: { call, caller, plane: this.#plane, signal, context: this.#context }, offered: this.#offered, left: this.#toolsLeft },
        spent: (picos) => {
          if (this.#spentPicos !== null) this.#spentPicos += picos;
        },
      },
      uses,
    );
    this.#toolsLeft = Math.max(0, this.#toolsLeft - uses.length);
    this.#hold(outcomes);
    this.#talk.used(outcomes, (frames) => this.#write(frames));
  }

  /** What tools have said is held until the end. */
  #hold(outcomes: readonly ToolOutcome[]): void {
    const bytes = outcomes.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    if (!this.#plane.pool.take(bytes))
      throw new AppError('The gateway holds as many bytes as it may: try again in a moment.', { status: 429, code: 'rate_limit_error', retryAfterSeconds: 1 });
    this.#door.heldBytes += bytes;
  }

  async #finish(): Promise<void> {
    const door = this.#door;
    const { call, response } = this.#turn as Ended;
    const answer = door.endpoint === 'chat' && this.#asked.stream ? null : this.#talk.answer();
    if (answer !== null && door.endpoint === 'responses' && answer.store === true && (answer.status === 'completed' || answer.status === 'incomplete'))
      await keepHeld(this.#first as Call, this.#plane.deps, answer, call.attempts.at(-1)?.deploymentId ?? '');
    if (door.response.destroyed) return;
    if (this.#asked.stream) door.response.end(Buffer.from(this.#talk.ending()));
    else sendWhole(door.response, 200, this.#ownHeaders(response.headers), Buffer.from(JSON.stringify(answer)));
  }

  began(headers: readonly string[]): void {
    const { response } = this.#door;
    if (!response.headersSent && !response.destroyed) response.writeHead(200, this.#ownHeaders(headers));
  }

  event(data: string): void {
    const event = parsed(data);
    if (!this.#hasFailed && isFields(event)) this.#hasFailed = !this.#talk.event(event, (frames) => this.#write(frames));
  }

  tooLong(): void {
    this.#turn?.call.leave();
  }

  #write(frames: string): void {
    const { response, pings } = this.#door;
    if (response.destroyed || frames === '') return;
    response.write(frames);
    pings?.wrote(false);
  }

  /** A failure in the client's language: the answer, or the last event of a stream that has begun. */
  tell(failure: Failure): void {
    const { response, dialect } = this.#door;
    if (response.destroyed) return;
    if (response.headersSent) response.end(dialect.errorEvent(failure));
    else sendFailure(this.#door, this.#plane.deps, failure);
  }

  /** The client has left: what runs for it ends. */
  #interrupt(): void {
    this.#turn?.call.leave();
    this.#left.abort(new ClientGone());
  }

  close(): void {
    this.#door.waiting = null;
  }
}

/** What a call is of, without its identity. */
function pathOf({ endpoint, route, pathModel }: Call): Pick<Call, 'endpoint' | 'route' | 'pathModel'> {
  return { endpoint, route, pathModel };
}

function originOf(call: Call) {
  const target = call.group?.targets[0];
  return { label: target?.errorLabel ?? call.model, deployment: target?.deployment as NonNullable<typeof target>['deployment'] };
}

function endless(): AppError {
  const message = `The model asked for tools ${MOST_ROUNDS} times and has not answered: ask a smaller question, or allow fewer tools by "allowed_tools".`;
  return new AppError(message, { status: 400, code: 'tool_rounds_exceeded' });
}

function tooLate(): AppError {
  return new AppError('The call with its tools took longer than a call may take.', { status: 408, code: 'timeout_error' });
}
