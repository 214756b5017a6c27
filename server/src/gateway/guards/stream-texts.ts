// The texts of stream events in each dialect: which piece of text an event adds, and to what. Pure.
import { isFields, objectsOf, wordOf } from '#lib/json.ts';

export interface StreamPiece {
  /** What the piece goes on from: a choice, a content block, an output item. */
  readonly key: string;
  readonly text: string;
  set(text: string): void;
}

/** The pieces of one event; a piece may be empty text. */
export function piecesOf(event: unknown): StreamPiece[] {
  if (!isFields(event)) return [];
  if (Array.isArray(event.choices)) return objectsOf(event.choices).flatMap(ofChoice);
  if (Array.isArray(event.candidates)) return objectsOf(event.candidates).flatMap(ofCandidate);
  if (event.type === 'content_block_delta' && isFields(event.delta))
    return members(event.delta, ['text', 'thinking', 'partial_json'], `block ${wordOf(event.index)}`);
  if (typeof event.type === 'string' && event.type.endsWith('.delta')) {
    return members(event, ['delta'], `item ${wordOf(event.item_id)} ${wordOf(event.content_index ?? '')} ${event.type}`);
  }
  // The whole text again, at the end of a transcription, and one of its segments.
  if (event.type === 'transcript.text.done' || event.type === 'transcript.text.segment') return members(event, ['text'], transcriptKey(event));
  return [];
}

function transcriptKey({ type, id }: Record<string, unknown>): string {
  return `${wordOf(type)} ${wordOf(id ?? '')}`;
}

/** Keys whose text is complete with this event; '*' = all. */
export function endsOf(event: unknown): string[] {
  if (!isFields(event)) return [];
  if (Array.isArray(event.choices)) return objectsOf(event.choices).flatMap((choice) => (choice.finish_reason ? [`choice ${wordOf(choice.index ?? 0)}`] : []));
  if (Array.isArray(event.candidates))
    return objectsOf(event.candidates).flatMap((candidate, index) => (candidate.finishReason ? [`candidate ${wordOf(candidate.index ?? index)}`] : []));
  if (event.type === 'transcript.text.segment') return [transcriptKey(event)];
  if (event.type === 'content_block_stop') return [`block ${wordOf(event.index)}`];
  if (event.type === 'message_stop' || event.type === 'message_delta') return ['*'];
  if (typeof event.type === 'string' && (event.type.endsWith('.done') || event.type === 'response.completed' || event.type === 'response.incomplete'))
    return ['*'];
  return [];
}

function ofChoice(choice: Record<string, unknown>): StreamPiece[] {
  const key = `choice ${wordOf(choice.index ?? 0)}`;
  const delta = isFields(choice.delta) ? choice.delta : null;
  if (delta === null) return members(choice, ['text'], key);
  const calls = objectsOf(delta.tool_calls).flatMap((call) =>
    isFields(call.function) ? members(call.function, ['arguments'], `${key} call ${wordOf(call.index ?? 0)}`) : [],
  );
  return [...members(delta, ['content', 'reasoning_content', 'refusal'], key), ...calls];
}

function ofCandidate(candidate: Record<string, unknown>, place: number): StreamPiece[] {
  const key = `candidate ${wordOf(candidate.index ?? place)}`;
  const parts = isFields(candidate.content) ? objectsOf(candidate.content.parts) : [];
  return parts.flatMap((part) => members(part, ['text'], part.thought === true ? `${key} thought` : key));
}

function members(holder: Record<string, unknown>, names: readonly string[], key: string): StreamPiece[] {
  return names.flatMap((name) => {
    const text = holder[name];
    if (typeof text !== 'string') return [];
    const set = (next: string): void => {
      holder[name] = next;
    };
    return [{ key: `${key} ${name}`, text, set }];
  });
}
