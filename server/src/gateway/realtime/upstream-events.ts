// What the upstream sends in a session: read for its money, held where guards have to see it first, and passed on as it came where they do not.
import { ownFailure } from '#gateway/errors.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, textOf } from '#lib/json.ts';
import type { Running } from './answers.ts';
import { type RealtimeEvent, readEvent, transcriptionUsage } from './events.ts';
import { belongsTo, HeldAnswer, hasTexts, isAnswerItem } from './held-answers.ts';
import type { Room } from './room.ts';
import { itemTexts } from './texts.ts';

/** `withheld` = not passed on now; `changed` = guards took something out; null = passed on as it came. */
type Fate = 'withheld' | 'changed' | null;

export class UpstreamEvents {
  readonly #room: Room;
  /** What the session is to be configured with once it is there: JSON text of a `session`. */
  #initial: string | null;
  readonly #held = new Map<string, HeldAnswer>();

  constructor(room: Room, initial: string | null) {
    this.#room = room;
    this.#initial = initial;
  }

  async handle(data: Buffer, isBinary: boolean): Promise<void> {
    const room = this.#room;
    const event = isBinary ? null : readEvent(data.toString('utf8'));
    if (event === null) {
      room.tell({ status: 502, type: 'server_error', message: 'The upstream sent something that is no event.', param: null }, null);
      return room.close(1011, 'the upstream sent no event');
    }
    const fate = await this.#note(event, data);
    if (fate !== 'withheld') room.toClient(fate === 'changed' ? JSON.stringify(event.fields) : data);
    // Whoever waits for the last answer may close now: its end has left.
    if (event.type === 'response.done') room.settled();
    if (event.type === 'session.created') this.#configure();
  }

  #configure(): void {
    if (this.#initial === null) return;
    this.#room.toUpstream(JSON.stringify({ type: 'session.update', session: JSON.parse(this.#initial) }));
    this.#initial = null;
  }

  /** Reads what an event means, and what becomes of it. */
  async #note(event: RealtimeEvent, data: Buffer): Promise<Fate> {
    const { type, fields } = event;
    const { state } = this.#room;
    if (type === 'session.created' || type === 'session.updated') state.configure(fields.session);
    if (type.startsWith('conversation.item.')) return await this.#noteItem(event, data.length);
    if (type === 'input_audio_buffer.committed') return await this.#counted(await this.#room.answers.listen(textOf(fields.item_id), state.commit()));
    if (type === 'response.created') return await this.#began(textOf(fieldsOf(fields.response).id));
    if (type === 'response.done') return await this.#done(event, data.length);
    if (type === 'error') await this.#room.answers.refused(textOf(fieldsOf(fields.error).event_id), textOf(fieldsOf(fields.error).message).slice(0, 500));
    if (type.endsWith('.delta')) this.#room.answers.piece(textOf(fields.response_id), fields.delta, /audio\.delta$/.test(type));
    return this.#hold(event, data.length) ? 'withheld' : null;
  }

  async #noteItem(event: RealtimeEvent, sizeBytes: number): Promise<Fate> {
    const { type, fields } = event;
    const { state, call } = this.#room;
    const looksBefore = call.guards?.has('pre_call') || call.guards?.has('during_call');
    if (type.startsWith('conversation.item.input_audio_transcription.')) {
      // Pieces cannot be looked at: the whole follows.
      if (looksBefore && (type.endsWith('.delta') || type.endsWith('.segment'))) return 'withheld';
      if (type.endsWith('.completed') || type.endsWith('.failed')) return await this.#transcribed(event);
      return null;
    }
    if (this.#hold(event, sizeBytes)) return 'withheld';
    if (!isFields(fields.item) || isAnswerItem(fields.item)) return null;
    const isChanged = await this.#guardHeard(event);
    if (/\.(?:created|added|done)$/.test(type)) state.keep(fields.item);
    return isChanged ? 'changed' : null;
  }

  async #transcribed(event: RealtimeEvent): Promise<Fate> {
    const { type, fields } = event;
    const { state, answers } = this.#room;
    const isChanged = await this.#guardHeard(event);
    const transcript = type.endsWith('.failed') ? null : textOf(fields.transcript);
    if (transcript !== null) state.transcribed(fields.item_id, transcript);
    const error = await answers.heard(textOf(fields.item_id), transcriptionUsage(fields.usage), transcript);
    if (error !== null) return this.#lost();
    return isChanged ? 'changed' : null;
  }

  /** Guards look at what a person said, as it comes back. True when the event was changed. */
  async #guardHeard(event: RealtimeEvent): Promise<boolean> {
    const { guards } = this.#room.call;
    if (guards === null || !(guards.has('pre_call') || guards.has('during_call'))) return false;
    const places = heardTexts(event);
    if (places.length === 0) return false;
    const { texts, refusal } = await guards.said(places.map(({ text }) => text));
    for (const [index, place] of places.entries()) place.set(refusal === null ? (texts[index] ?? place.text) : '');
    if (refusal !== null) this.#room.tell(ownFailure(refusal), null);
    return true;
  }

  async #began(responseId: string): Promise<'withheld' | null> {
    const { answers, call } = this.#room;
    const failure = await answers.began(responseId);
    if (this.#room.hasClientLeft) this.#room.toUpstream(JSON.stringify({ type: 'response.cancel' }));
    if (answers.running(responseId) !== null && call.guards?.has('post_call')) this.#held.set(responseId, new HeldAnswer());
    if (failure !== null && answers.running(responseId) === null) return await this.#counted(failure);
    return null;
  }

  /** What runs and cannot be written down must end. */
  async #counted(failure: ReturnType<typeof ownFailure> | null): Promise<'withheld' | null> {
    if (failure === null) return null;
    this.#room.tell(failure, null);
    this.#room.close(1011, 'the gateway cannot count what runs');
    return 'withheld';
  }

  #hold(event: RealtimeEvent, sizeBytes: number): boolean {
    for (const [responseId, held] of this.#held) {
      if (!belongsTo(held, responseId, event)) continue;
      held.keep(event, sizeBytes);
      return true;
    }
    return false;
  }

  async #done(event: RealtimeEvent, sizeBytes: number): Promise<'withheld' | null> {
    const { answers } = this.#room;
    const response = fieldsOf(event.fields.response);
    const responseId = textOf(response.id);
    const held = this.#held.get(responseId);
    this.#held.delete(responseId);
    if (held === undefined) {
      const error = await answers.done(responseId, response, null);
      return error === null ? null : this.#lost();
    }
    held.keep(event, sizeBytes);
    await this.#release(held, responseId, response);
    return 'withheld';
  }

  /** Guards have seen the whole answer: what they let leave, leaves. */
  async #release(held: HeldAnswer, responseId: string, response: Fields): Promise<void> {
    const room = this.#room;
    const looked = await this.#look(held, room.answers.running(responseId));
    if ('refusal' in looked) {
      const error = await room.answers.done(responseId, response, looked.refusal);
      if (error !== null) return void this.#lost();
      // It must not be asked for once more either.
      for (const item_id of held.itemIds) room.toUpstream(JSON.stringify({ type: 'conversation.item.delete', item_id }));
      room.tell(ownFailure(looked.refusal), null);
      const details = { type: 'failed', error: { type: 'invalid_request_error', code: looked.refusal.code } };
      return room.toClient(JSON.stringify({ type: 'response.done', response: { ...response, status: 'failed', status_details: details, output: [] } }));
    }
    const events = held.release(looked.changed);
    const last = events.at(-1)?.fields.response;
    const error = await room.answers.done(responseId, isFields(last) ? last : response, null);
    if (error !== null) return void this.#lost();
    for (const { fields } of events) room.toClient(JSON.stringify(fields));
  }

  async #look(held: HeldAnswer, running: Running | null): Promise<{ changed: ReadonlyMap<string, string> } | { refusal: AppError }> {
    if (held.isTooLong)
      return { refusal: new AppError('The answer is too long for the guardrails of this session to look at.', { status: 400, code: 'guardrail_unread' }) };
    const guards = running?.turn.call.guards ?? this.#room.call.guards;
    const said = [...held.texts()];
    if (guards === null || said.length === 0) return { changed: new Map() };
    try {
      const { texts, refusal } = await guards.texts(said.map(([, text]) => text));
      if (refusal !== null) return { refusal };
      return {
        changed: new Map(said.flatMap(([key, text], index) => (texts[index] === undefined || texts[index] === text ? [] : [[key, texts[index] as string]]))),
      };
    } catch (error) {
      if (error instanceof AppError) return { refusal: error };
      throw error;
    }
  }

  /** Its end must not be told: it could not be made durable. */
  #lost(): 'withheld' {
    this.#room.tell({ status: 503, type: 'service_unavailable', message: 'The gateway could not write the answer down.', param: null }, null);
    this.#room.close(1011, 'the gateway could not write the answer down');
    return 'withheld';
  }
}

/** Texts that a person said or wrote, as the upstream tells them. */
function heardTexts({ type, fields }: RealtimeEvent) {
  if (type === 'conversation.item.input_audio_transcription.completed') return itemTexts({ content: [fields] });
  return type.startsWith('conversation.item.') && !isAnswerItem(fields.item) && hasTexts(fields.item) ? itemTexts(fields.item) : [];
}
