// What a client sends in a session: looked at by guards, admitted where an answer may come of it, and only then passed on.
import { ownFailure } from '#gateway/errors.ts';
import { AppError } from '#lib/errors.ts';
import { newCallId } from '#lib/id.ts';
import { type Fields, fieldsOf, isFields, textOf } from '#lib/json.ts';
import { type RealtimeEvent, readEvent } from './events.ts';
import type { Room } from './room.ts';
import { clientTexts, hasSound } from './texts.ts';

/** Sound for which there is no budget is not passed on for so long, and said once. */
const REFUSED_FOR_MS = 5_000;

export class ClientEvents {
  readonly #room: Room;
  #refusedUntilMs = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  async handle(data: Buffer, isBinary: boolean): Promise<void> {
    const room = this.#room;
    if (isBinary) return room.close(1003, 'events are JSON texts');
    const event = readEvent(data.toString('utf8'));
    if (event === null) return room.tell(invalid('The event is no JSON object with a "type".', null), null);
    const refusal = await this.#refusalOf(event);
    if (refusal !== null) room.tell(refusal, event.fields.event_id);
    // Written anew, so that nobody behind reads another event than was looked at.
    else if (!this.#isMuted(event)) room.toUpstream(JSON.stringify(event.fields));
  }

  async #refusalOf(event: RealtimeEvent): Promise<ReturnType<typeof ownFailure> | null> {
    try {
      this.#check(event);
      await this.#guard(event);
    } catch (error) {
      if (error instanceof AppError) return ownFailure(error);
      throw error;
    }
    return await this.#admit(event);
  }

  /** @throws AppError for what would lead around the gateway's rules. */
  #check(event: RealtimeEvent): void {
    const { call } = this.#room;
    const { guards, snapshot } = call;
    if (event.type === 'session.update') this.#checkSession(event.fields.session);
    if (guards?.has('post_call') && event.type === 'conversation.item.retrieve') throw unguarded('items that are asked for once more');
    const looksBefore = guards?.has('pre_call') || guards?.has('during_call');
    if (looksBefore && hasSound(event) && snapshot.config.realtime?.unreadAudio !== 'pass') throw unguarded('sound');
  }

  #checkSession(session: unknown): void {
    if (!isFields(session)) return;
    const { call } = this.#room;
    if (session.type === 'transcription')
      throw new AppError('Transcription sessions are not supported: set "type" to "realtime".', { status: 400, code: 'not_supported', param: 'session.type' });
    if (session.model !== undefined && session.model !== call.asked?.model)
      throw new AppError('The model of a session cannot be changed: open another session.', {
        status: 400,
        code: 'invalid_request_error',
        param: 'session.model',
      });
    // Its name here is not its name there.
    delete session.model;
    const input = fieldsOf(fieldsOf(session.audio).input);
    if (call.snapshot.config.budgetMode === 'strict' && (isFields(session.input_audio_transcription) || isFields(input.transcription)))
      throw new AppError('Budgets are strict here and transcription has no upper bound: leave it out.', {
        status: 400,
        code: 'bad_request_error',
        param: 'session.audio.input.transcription',
      });
  }

  /** @throws AppError when a guard refuses, or cannot decide. */
  async #guard(event: RealtimeEvent): Promise<void> {
    const { guards } = this.#room.call;
    if (guards === null || !(guards.has('pre_call') || guards.has('during_call'))) return;
    const places = clientTexts(event);
    if (places.length === 0) return;
    const { texts, refusal } = await guards.said(places.map(({ text }) => text));
    if (refusal !== null) throw refusal;
    for (const [index, place] of places.entries()) place.set(texts[index] ?? place.text);
  }

  /** Reserves what an answer may cost before anything that could begin one leaves. */
  async #admit({ type, fields }: RealtimeEvent): Promise<ReturnType<typeof ownFailure> | null> {
    const { answers, state, isDraining } = this.#room;
    if (type === 'session.update') state.configure(fields.session);
    if (type === 'response.create') {
      if (isDraining) return ownFailure(ending());
      if (textOf(fields.event_id) === '') fields.event_id = `event_${newCallId()}`;
      return await answers.ask(textOf(fields.event_id).slice(0, 512), fieldsOf(fields.response));
    }
    if (type !== 'input_audio_buffer.append') return null;
    const refusal = await this.#admitSound(fields);
    if (refusal === null && !this.#isMuted({ type, fields })) state.heard(fields.audio);
    return refusal;
  }

  async #admitSound(_fields: Fields): Promise<ReturnType<typeof ownFailure> | null> {
    const { answers, state, plane } = this.#room;
    const nowMs = plane.deps.clock.nowMs();
    if (!state.respondsAlone || nowMs < this.#refusedUntilMs) return null;
    const failure = await answers.expect();
    if (failure !== null) this.#refusedUntilMs = nowMs + (failure.retryAfterMs ?? REFUSED_FOR_MS);
    return failure;
  }

  /** Sound that nobody may answer to. */
  #isMuted({ type }: RealtimeEvent): boolean {
    const { plane, state, isDraining } = this.#room;
    return type === 'input_audio_buffer.append' && (isDraining || (state.respondsAlone && plane.deps.clock.nowMs() < this.#refusedUntilMs));
  }
}

const invalid = (message: string, param: string | null) => ({ status: 400, type: 'invalid_json', message, param });

function ending(): AppError {
  return new AppError('The gateway is shutting down: open another session.', { status: 503, code: 'service_unavailable' });
}

function unguarded(what: string): AppError {
  const message = `The guardrails of this session cannot look at ${what}, and this gateway passes nothing on that they cannot look at (genai_settings.unread_realtime_audio says so for sound).`;
  return new AppError(message, { status: 400, code: 'guardrail_unread' });
}
