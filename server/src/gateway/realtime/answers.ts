// The answers of one session and what was heard in it: which are asked for, which run, and that each is reserved before it can begin and settled exactly once.
import type { CallUsage } from '#call-record.ts';
import { type Failure, ownFailure } from '#gateway/errors.ts';
import { BYTES_PER_TOKEN } from '#gateway/reservation.ts';
import type { Delivered } from '#gateway/settle.ts';
import { Target } from '#gateway/target.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, textOf } from '#lib/json.ts';
import { responseUsage, soundBytes } from './events.ts';
import { answerReservation, expectedUsage, SPOKEN_MS_PER_TOKEN } from './response-reservation.ts';
import type { SessionState } from './session-state.ts';
import { openTurn, settleTurn, type Turn, type TurnHome, withdrawTurn } from './turns.ts';

/** Answers that were asked for and have not begun, and transcriptions that are awaited. */
const MOST_WAITING = 16;
const MOST_LISTENED = 64;
const PCM_BYTES_PER_MS = 48;

interface Waiting {
  readonly turn: Turn;
  /** Of the event that asked for it; null = the upstream begins it by itself. */
  readonly eventId: string | null;
  readonly expected: CallUsage;
}

export interface Running {
  readonly turn: Turn;
  readonly input: unknown[];
  readonly expected: CallUsage;
  textBytes: number;
  soundBytes: number;
}

export interface AnswersOf {
  readonly home: TurnHome;
  readonly target: Target;
  readonly model: string;
  readonly state: SessionState;
}

export class Answers {
  readonly #of: AnswersOf;
  #waiting: Waiting[] = [];
  readonly #running = new Map<string, Running>();
  readonly #listened = new Map<string, { turn: Turn; ms: number }>();
  readonly #listeners = new Map<string, Target>();

  constructor(of: AnswersOf) {
    this.#of = of;
  }

  /** Answers run, or were asked for by the client. */
  get isBusy(): boolean {
    return this.#running.size > 0 || this.#waiting.some(({ eventId }) => eventId !== null);
  }

  running(responseId: string): Running | null {
    return this.#running.get(responseId) ?? null;
  }

  /** The client asks for an answer. @returns why it must not have one. */
  async ask(eventId: string, response: Fields): Promise<Failure | null> {
    if (this.#waiting.length >= MOST_WAITING) return ownFailure(tooMany());
    const stated = response.max_output_tokens ?? response.max_response_output_tokens;
    const metadata = typeof response.metadata === 'object' && response.metadata !== null ? { metadata: response.metadata } : {};
    return await this.#open({ eventId, stated: typeof stated === 'number' ? stated : null, body: metadata, isForced: false });
  }

  /** The upstream may begin an answer by itself from now on. @returns why it must not. */
  async expect(): Promise<Failure | null> {
    if (this.#waiting.some(({ eventId }) => eventId === null)) return null;
    return await this.#open({ eventId: null, stated: null, body: {}, isForced: false });
  }

  async #open({
    eventId,
    stated,
    body,
    isForced,
  }: {
    eventId: string | null;
    stated: number | null;
    body: Fields;
    isForced: boolean;
  }): Promise<Failure | null> {
    const { home, target, model, state } = this.#of;
    const { deps } = home.plane;
    const { call } = home;
    const expected = expectedUsage(state, stated, deps.outputHistory.expectedOutputTokens(call.keyId, call.model));
    const turn = await openTurn(home, {
      endpoint: 'realtime',
      target,
      upstreamModel: model,
      body,
      amount: (_, strict) => answerReservation(deps, target, expected, { strict, stated: stated ?? state.maxOutputTokens }),
      isForced,
      leavesRow: eventId !== null,
    });
    if (!('record' in turn)) return turn;
    this.#waiting.push({ turn, eventId, expected });
    return null;
  }

  /** An answer has begun. One that nobody waited for is counted all the same. @returns why it cannot be counted. */
  async began(responseId: string): Promise<Failure | null> {
    const next = this.#waiting.find(({ eventId }) => eventId !== null) ?? this.#waiting[0];
    if (next === undefined) {
      const failure = await this.#open({ eventId: null, stated: null, body: {}, isForced: true });
      return failure ?? (await this.began(responseId));
    }
    this.#waiting = this.#waiting.filter((one) => one !== next);
    this.#running.set(responseId, { turn: next.turn, input: this.#of.state.take(), expected: next.expected, textBytes: 0, soundBytes: 0 });
    return this.#of.state.respondsToSilence ? await this.expect() : null;
  }

  /** A piece of an answer came. */
  piece(responseId: string, delta: unknown, isSound: boolean): void {
    const running = this.#running.get(responseId);
    if (running === undefined) return;
    running.turn.call.firstTokenAtUs ??= this.#of.home.plane.deps.clock.nowUs();
    if (isSound) running.soundBytes += soundBytes(delta);
    else running.textBytes += Buffer.byteLength(textOf(delta));
  }

  /** An answer is done. @returns the error when that could not be made durable. */
  async done(responseId: string, response: Fields, refusal: AppError | null): Promise<Error | null> {
    const running = this.#running.get(responseId);
    if (running === undefined) return null;
    this.#running.delete(responseId);
    const usage = responseUsage(response.usage);
    if (usage !== null) this.#of.state.answered(usage.total);
    return await this.#settle(running, { response, usage, refusal });
  }

  async #settle(
    running: Running,
    { response, usage, refusal }: { response: Fields | null; usage: CallUsage | null; refusal: AppError | null },
  ): Promise<Error | null> {
    const { turn, input } = running;
    const { state, home } = this.#of;
    turn.call.body = Buffer.from(
      JSON.stringify({ model: home.call.asked?.model, input, ...(state.instructions === null ? {} : { instructions: state.instructions }) }),
    );
    const failed =
      refusal === null
        ? failureOf(response)
        : { outcome: 'failure' as const, httpStatus: refusal.status, errorClass: refusal.code, errorMessage: refusal.message };
    const delivered: Delivered = {
      outcome: failed.outcome,
      httpStatus: 200,
      usage: usage ?? estimated(running),
      estimated: usage === null,
      answeredModel: null,
    };
    const answer = response === null || refusal !== null ? [] : [Buffer.from(JSON.stringify(response))];
    return await settleTurn(home, turn, delivered, { ...failed, answerFormat: answer.length === 0 ? 'none' : 'json', answer });
  }

  /** The upstream refuses what an event of the client asked for. */
  async refused(eventId: string, message: string): Promise<void> {
    const waiting = this.#waiting.find((one) => one.eventId === eventId);
    if (waiting === undefined) return;
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    const failure = {
      ...ownFailure(new AppError(message, { status: 400, code: 'invalid_request_error' })),
      errorClass: 'BadRequestError',
      upstreamStatus: 400,
    };
    await withdrawTurn(this.#of.home, waiting.turn, { failure, message });
  }

  /** Sound was committed that a listening model writes down. */
  async listen(itemId: string, ms: number): Promise<Failure | null> {
    const { home, state, target } = this.#of;
    const listener = state.listener;
    if (listener === null || itemId === '' || this.#listened.has(itemId) || this.#listened.size >= MOST_LISTENED) return null;
    const heardBy = this.#listeners.get(listener) ?? listeningTarget(target, listener, home);
    this.#listeners.set(listener, heardBy);
    const { deps } = home.plane;
    const price = heardBy.price(deps.prices, deps.clock.nowMs());
    const turn = await openTurn(home, {
      endpoint: 'realtime-transcription',
      target: heardBy,
      upstreamModel: listener,
      body: { input: [{ type: 'input_audio', item_id: itemId, ms }] },
      amount: () => (price === null ? 0n : deps.prices.cost(price, heardUsage(ms))),
      isForced: true,
      leavesRow: false,
    });
    if (!('record' in turn)) return turn;
    this.#listened.set(itemId, { turn, ms });
    return null;
  }

  /** What was heard is written down, or could not be (`transcript` null). */
  async heard(itemId: string, usage: CallUsage | null, transcript: string | null): Promise<Error | null> {
    const listened = this.#listened.get(itemId);
    if (listened === undefined) return null;
    this.#listened.delete(itemId);
    const { turn, ms } = listened;
    const { home } = this.#of;
    if (transcript === null) {
      await withdrawTurn(home, turn, { failure: null, message: 'the listening model could not write it down' });
      return null;
    }
    const answer = [Buffer.from(JSON.stringify({ transcript }))];
    const delivered: Delivered = { outcome: 'success', httpStatus: 200, usage: usage ?? heardUsage(ms), estimated: usage === null, answeredModel: null };
    return await settleTurn(home, turn, delivered, { outcome: 'success', httpStatus: 200, errorClass: null, errorMessage: null, answerFormat: 'json', answer });
  }

  /**
   * The session is over: what runs is counted by what came of it, what was asked for by what the upstream had to read, what was only awaited costs nothing.
   * @param wentAway the upstream did: what it had not begun costs nothing either.
   */
  async end(wentAway: boolean): Promise<void> {
    const { home, state } = this.#of;
    for (const running of this.#running.values()) await this.#settle(running, { response: null, usage: null, refusal: null });
    this.#running.clear();
    for (const itemId of [...this.#listened.keys()]) await this.heard(itemId, null, '');
    for (const { turn, eventId, expected } of this.#waiting.splice(0)) {
      const input = state.take();
      if (eventId !== null && !wentAway)
        await this.#settle({ turn, input, expected, textBytes: 0, soundBytes: 0 }, { response: null, usage: null, refusal: null });
      else await withdrawTurn(home, turn, { failure: null, message: 'the session ended before an answer began' });
    }
  }
}

function tooMany(): AppError {
  return new AppError('Too many answers were asked for at once: wait until one has begun.', { status: 429, code: 'rate_limit_error' });
}

/** How an answer ended, as it is written down. */
function failureOf(response: Fields | null): {
  outcome: 'success' | 'failure' | 'cancelled';
  httpStatus: number;
  errorClass: string | null;
  errorMessage: string | null;
} {
  if (response === null) return { outcome: 'cancelled', httpStatus: 499, errorClass: null, errorMessage: 'the session ended before the answer was complete' };
  if (response.status === 'cancelled')
    return {
      outcome: 'cancelled',
      httpStatus: 200,
      errorClass: null,
      errorMessage: `cancelled: ${textOf(fieldsOf(response.status_details).reason) || 'no reason'}`,
    };
  if (response.status !== 'failed') return { outcome: 'success', httpStatus: 200, errorClass: null, errorMessage: null };
  const error = fieldsOf(fieldsOf(response.status_details).error);
  return {
    outcome: 'failure',
    httpStatus: 500,
    errorClass: 'APIError',
    errorMessage: [textOf(error.code), textOf(error.message)].filter((part) => part !== '').join(': '),
  };
}

/** Of an answer that never said what it used. */
function estimated({ expected, textBytes, soundBytes: sound }: Running): CallUsage {
  const audioOutput = Math.ceil(sound / PCM_BYTES_PER_MS / SPOKEN_MS_PER_TOKEN);
  const output = Math.ceil(textBytes / BYTES_PER_TOKEN) + audioOutput;
  return { ...expected, output, audioOutput, total: expected.input + output };
}

/** Ten tokens a second, and the seconds themselves: a price counts one or the other. */
function heardUsage(ms: number): CallUsage {
  const input = Math.ceil(ms / 100);
  return { input, output: 0, total: input, audioInput: input, audioMs: ms };
}

/** The listening model at the same upstream: at its own listed price, not at the one that the deployment states for itself. */
function listeningTarget({ deployment, dispatcher }: Target, listener: string, { call }: TurnHome): Target {
  const ownPrices = { inputCostPerToken: null, outputCostPerToken: null, cacheReadInputTokenCost: null, unitPrices: {}, baseModel: null, mode: null };
  return new Target(
    { ...deployment, ...ownPrices, upstreamModel: listener, info: {} },
    call.snapshot.config,
    () => dispatcher as NonNullable<typeof dispatcher>,
  );
}
