// The guards of one call: which of the configuration's look at it, and what they do to its request and its answer.
import type { CallGuard } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import { readPassed, readRequest } from '#gateway/request.ts';
import { endUserOf, traceContext } from '#gateway/trace-context.ts';
import { AppError } from '#lib/errors.ts';
import { dashed } from '#lib/id.ts';
import { allTexts, answerTexts, requestTexts, type TextPlace } from './content-texts.ts';
import type { Guard, GuardedCall, GuardInput, GuardMode, Verdict } from './guard.ts';
import type { GuardSet } from './guard-set.ts';

export class CallGuards {
  readonly #set: GuardSet;
  readonly #call: Call;
  readonly #active: readonly Guard[];
  /** What each did, for the record. */
  readonly log: CallGuard[] = [];

  constructor(set: GuardSet, call: Call, active: readonly Guard[]) {
    this.#set = set;
    this.#call = call;
    this.#active = active;
  }

  /** For x-litellm-applied-guardrails. */
  get applied(): string[] {
    return [...new Set(this.log.map(({ name }) => name))];
  }

  has(mode: GuardMode, isLocal?: boolean): boolean {
    return this.#active.some((guard) => this.#looks(guard, mode) && (isLocal === undefined || guard.isLocal === isLocal));
  }

  #looks({ modes }: Guard, mode: GuardMode): boolean {
    if (modes.has(mode)) return true;
    return this.#call.endpoint === 'mcp' && ((mode === 'pre_call' && modes.has('pre_mcp_call')) || (mode === 'during_call' && modes.has('during_mcp_call')));
  }

  /** Those that look at an answer while it streams; null when one of them has to see all of it. */
  streaming(): readonly Guard[] | null {
    const guards = this.#active.filter(({ modes }) => modes.has('post_call'));
    return guards.every(({ stream }) => stream !== null) ? guards : null;
  }

  /**
   * Looks at the request before it goes anywhere and puts what guards made of it in its place: first those that decide here, later those that ask somebody.
   * @throws AppError 400 when one refuses; what it masked is masked all the same.
   */
  async request(isLocal: boolean): Promise<void> {
    const guards = this.#active.filter((guard) => this.#looks(guard, 'pre_call') && guard.isLocal === isLocal);
    if (guards.length === 0) {
      if (isLocal) this.#call.withheld = this.has('pre_call', false);
      return;
    }
    const body: unknown = JSON.parse(this.#call.body.toString('utf8'));
    const outcome = await this.#look(guards, 'pre_call', { body, places: this.#call.passed ? allTexts : requestTexts });
    this.#call.withheld = isLocal && this.has('pre_call', false);
    if (outcome.isChanged) this.#replaceBody(outcome.body);
    if (outcome.refusal !== null) throw refusedBy(outcome.refusal);
  }

  /** Looks at the request while the provider works on it. @throws AppError 400. */
  async during(): Promise<void> {
    const guards = this.#active.filter((guard) => this.#looks(guard, 'during_call'));
    const body: unknown = JSON.parse(this.#call.body.toString('utf8'));
    const { refusal } = await this.#look(guards, 'during_call', { body, places: this.#call.passed ? allTexts : requestTexts });
    if (refusal !== null) throw refusedBy(refusal);
  }

  /** Looks at a whole answer. The bytes as they are to go on (null = unchanged), and why they must not. */
  async answer(bytes: Buffer): Promise<{ bytes: Buffer | null; refusal: AppError | null }> {
    const guards = this.#active.filter(({ modes }) => modes.has('post_call'));
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    const outcome = await this.#look(guards, 'post_call', { body, places: this.#call.passed ? allTexts : answerTexts });
    return {
      bytes: outcome.isChanged ? Buffer.from(JSON.stringify(outcome.body)) : null,
      refusal: outcome.refusal === null ? null : refusedBy(outcome.refusal),
    };
  }

  /** Looks at the texts of a stream that has ended, one a choice. */
  async texts(texts: readonly string[]): Promise<{ texts: readonly string[]; refusal: AppError | null }> {
    const guards = this.#active.filter(({ modes }) => modes.has('post_call'));
    const body = { choices: texts.map((content, index) => ({ index, message: { role: 'assistant', content } })) };
    const outcome = await this.#look(guards, 'post_call', { body, places: answerTexts });
    const after = answerTexts(outcome.body).map(({ text }) => text);
    return { texts: after.length === texts.length ? after : texts, refusal: outcome.refusal === null ? null : refusedBy(outcome.refusal) };
  }

  /**
   * Looks at texts that a client says in a session, before they go anywhere: guards that look beside a call look before it here.
   * A refusal stands beside what is masked.
   */
  async said(texts: readonly string[]): Promise<{ texts: readonly string[]; refusal: AppError | null }> {
    let body: unknown = { messages: texts.map((content) => ({ role: 'user', content })) };
    let refusal: AppError | null = null;
    for (const mode of ['pre_call', 'during_call'] as const) {
      const guards = this.#active.filter((guard) => this.#looks(guard, mode));
      if (guards.length === 0) continue;
      const outcome = await this.#look(guards, mode, { body, places: requestTexts });
      body = outcome.body;
      if (outcome.refusal !== null) refusal ??= refusedBy(outcome.refusal);
    }
    const after = requestTexts(body).map(({ text }) => text);
    return { texts: after.length === texts.length ? after : texts, refusal };
  }

  /** A streaming guard found something. */
  streamed(guard: Guard, action: CallGuard['action']): void {
    const known = this.log.find(({ name, mode }) => name === guard.name && mode === 'post_call');
    if (known === undefined) this.#note(guard, 'post_call', { action, startedAt: performance.now() });
    else if (action !== 'passed') known.action = action;
  }

  #replaceBody(body: unknown): void {
    const call = this.#call;
    call.body = Buffer.from(JSON.stringify(body));
    if (call.passed) {
      call.asked = { ...readPassed(call.body, true), model: call.asked?.model ?? '' };
      return;
    }
    call.asked = readRequest(call.body, call.pathModel, call.endpoint, { streams: call.pathStreams, defaultModel: call.asked?.model ?? null });
  }

  async #look(guards: readonly Guard[], mode: GuardMode, { body, places }: { body: unknown; places: (body: unknown) => TextPlace[] }): Promise<Outcome> {
    const outcome: Outcome = { body, isChanged: false, refusal: null };
    for (const guard of guards) {
      const found = places(outcome.body);
      const kind = mode === 'post_call' ? 'answer' : 'request';
      const verdict = await this.#ask(guard, mode, { kind, texts: found.map(({ text }) => text), body: outcome.body, call: this.#facts() });
      if (verdict === null) continue;
      if (verdict.body !== undefined) {
        outcome.body = verdict.body;
        outcome.isChanged = true;
      }
      if (verdict.texts !== null) outcome.isChanged = replaceTexts(found, verdict.texts) || outcome.isChanged;
      // The rest looks all the same: what they would mask must not be written down.
      outcome.refusal ??= verdict.refusal === null ? null : { guard, reason: verdict.refusal };
    }
    return outcome;
  }

  /** Null when the guard could not decide and its call may go on. @throws AppError when it could not and the call may not. */
  async #ask(guard: Guard, mode: GuardMode, input: GuardInput): Promise<Verdict | null> {
    const startedAt = performance.now();
    try {
      const verdict = await guard.inspect(input, AbortSignal.timeout(this.#set.timeoutMs(guard)));
      const changed = verdict.texts !== null || verdict.body !== undefined;
      this.#note(guard, mode, { action: verdict.refusal !== null ? 'blocked' : changed ? 'masked' : 'passed', startedAt });
      return verdict;
    } catch (error) {
      this.#note(guard, mode, { action: 'failed', startedAt });
      this.#set.failed(guard, error as Error);
      if (guard.failOpen) return null;
      throw new AppError(`The guardrail ${guard.name} could not decide, so the call does not go on: ${(error as Error).message.slice(0, 300)}`, {
        status: 500,
        code: 'guardrail_failed',
        cause: error,
      });
    }
  }

  #note(guard: Guard, mode: GuardMode, { action, startedAt }: { action: CallGuard['action']; startedAt: number }): void {
    const ms = performance.now() - startedAt;
    this.log.push({ name: guard.name, mode, action, ms: Math.round(ms * 100) / 100 });
    // A session of an hour looks often: its row says the last.
    if (this.log.length > MOST_NOTED) this.log.shift();
    this.#set.count(guard, mode, { action, seconds: ms / 1000 });
  }

  #facts(): GuardedCall {
    const { key, id, asked, endpoint, keyId } = this.#call;
    const { traceId } = this.#call.asked === null ? { traceId: id } : traceContext(this.#call);
    return {
      callId: dashed(id),
      traceId,
      model: asked?.model ?? '',
      callType: CALL_TYPES[endpoint] ?? endpoint,
      keyHash: keyId,
      keyAlias: key?.alias ?? null,
      teamId: key?.teamId ?? null,
      userId: key?.userId ?? null,
      endUser: asked === null ? null : endUserOf(this.#call),
    };
  }
}

interface Outcome {
  body: unknown;
  isChanged: boolean;
  refusal: { guard: Guard; reason: string } | null;
}

const MOST_NOTED = 500;
const CALL_TYPES: Readonly<Record<string, string>> = {
  chat: 'completion',
  completions: 'text_completion',
  embeddings: 'embeddings',
  mcp: 'call_mcp_tool',
  speech: 'speech',
  transcriptions: 'transcription',
  translations: 'transcription',
  'realtime-session': '_arealtime',
  realtime: '_arealtime',
};

function replaceTexts(places: readonly TextPlace[], texts: readonly string[]): boolean {
  let isChanged = false;
  for (const [index, place] of places.entries()) {
    const text = texts[index];
    if (text === undefined || text === place.text) continue;
    place.set(text);
    isChanged = true;
  }
  return isChanged;
}

/** LiteLLM's clients look for this beginning. */
export function refusedBy({ guard, reason }: { guard: Guard; reason: string }): AppError {
  return new AppError(`Violated guardrail policy: ${guard.name}: ${reason}`, { status: 400, code: 'guardrail_violation', retryable: false });
}
