// A generateContent answer -> OpenAI's chat completion: texts, thoughts, calls with their signatures, pictures, grounding, usage.
import type { ChatAnswer, ChatDelta, ChatUsage, FinishReason, ThinkingBlock, ToolCall } from '#gateway/providers/chat.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { countOf, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { callId, markedSignature } from './signatures.ts';

const FILTERED = /^(SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII|IMAGE_SAFETY|IMAGE_PROHIBITED_CONTENT|IMAGE_RECITATION|LANGUAGE)$/;

/** OpenAI's reason for Gemini's, which has none for calls. */
export function finishReasonOf(reason: unknown, hasCalls: boolean): FinishReason {
  if (reason === 'MAX_TOKENS') return 'length';
  if (FILTERED.test(textOf(reason))) return 'content_filter';
  return hasCalls ? 'tool_calls' : 'stop';
}

/** What the parts of one candidate say. */
export interface SaidParts {
  text: string;
  thoughts: string;
  thinking: ThinkingBlock[];
  calls: ToolCall[];
  images: Fields[];
  others: Fields[];
}

/** Reads parts; `firstCall` numbers the ids of calls that bring none. */
export function saidIn(parts: readonly Fields[], id: string, firstCall: number): SaidParts {
  const said: SaidParts = { text: '', thoughts: '', thinking: [], calls: [], images: [], others: [] };
  for (const part of parts) addPart(said, part, `call_${id.slice(-24)}_${firstCall + said.calls.length}`);
  return said;
}

function addPart(said: SaidParts, part: Fields, newId: string): void {
  const signature = textOf(part.thoughtSignature) || null;
  if (isFields(part.functionCall)) {
    const { id, name, args } = part.functionCall;
    const call = {
      id: callId(textOf(id) || newId, signature),
      type: 'function' as const,
      function: { name: textOf(name), arguments: JSON.stringify(fieldsOf(args)) },
    };
    said.calls.push(call);
    return;
  }
  if (part.thought === true) {
    said.thoughts += textOf(part.text);
    said.thinking.push({ type: 'thinking', thinking: textOf(part.text), signature: signature === null ? null : markedSignature(signature) });
    return;
  }
  // A signature on a text closes the thinking before it.
  if (signature !== null) said.thinking.push({ type: 'thinking', thinking: '', signature: markedSignature(signature) });
  if (isFields(part.inlineData)) said.images.push(imageOf(part.inlineData, said.images.length));
  else if (typeof part.text === 'string') said.text += part.text;
  else said.others.push(part);
}

function imageOf({ mimeType, data }: Fields, index: number): Fields {
  return { index, type: 'image_url', image_url: { url: `data:${textOf(mimeType)};base64,${textOf(data)}` } };
}

/** What the parts say as members of a message or a delta. */
export function membersOf(said: SaidParts, candidate: Fields): Omit<ChatDelta, 'tool_calls' | 'role' | 'content'> {
  const grounding = fieldsOf(candidate.groundingMetadata);
  const annotations = objectsOf(grounding.groundingChunks).flatMap(({ web }) => annotationOf(fieldsOf(web)));
  const specifics = {
    ...(said.others.length === 0 ? {} : { parts: said.others }),
    ...(Object.keys(grounding).length === 0 ? {} : { grounding_metadata: grounding }),
    ...(candidate.safetyRatings === undefined ? {} : { safety_ratings: candidate.safetyRatings }),
  };
  return {
    ...(said.thoughts === '' ? {} : { reasoning_content: said.thoughts }),
    ...(said.thinking.length === 0 ? {} : { thinking_blocks: said.thinking }),
    ...(said.images.length === 0 ? {} : { images: said.images }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(Object.keys(specifics).length === 0 ? {} : { provider_specific_fields: specifics }),
  };
}

function annotationOf({ uri, title }: Fields): Fields[] {
  return uri === undefined ? [] : [{ type: 'url_citation', url_citation: { url: uri, title: textOf(title), start_index: 0, end_index: 0 } }];
}

/** Thinking in one answer: the pieces of one thought joined, its signature behind it. */
function joinedThinking(blocks: readonly ThinkingBlock[]): ThinkingBlock[] {
  const joined: ThinkingBlock[] = [];
  for (const block of blocks) {
    const last = joined.at(-1);
    if (block.type === 'thinking' && last?.type === 'thinking' && last.signature === null)
      joined[joined.length - 1] = { type: 'thinking', thinking: last.thinking + block.thinking, signature: block.signature };
    else joined.push(block);
  }
  return joined;
}

/** The whole answer. @throws Error when it has neither candidates nor the reason why. */
export function chatAnswer(answer: Fields, facts: WireFacts): ChatAnswer {
  const blocked = blockReason(answer);
  if (!Array.isArray(answer.candidates) && blocked === null) throw new Error('the answer has no candidates');
  const id = textOf(answer.responseId) || facts.id;
  const candidates = objectsOf(answer.candidates);
  return {
    id,
    object: 'chat.completion',
    created: facts.nowSeconds,
    model: textOf(answer.modelVersion) || facts.model,
    choices:
      candidates.length === 0
        ? [{ index: 0, message: { role: 'assistant', content: null }, finish_reason: 'content_filter' }]
        : candidates.map((candidate, index) => choiceOf(candidate, index, id)),
    usage: chatUsage(fieldsOf(answer.usageMetadata)),
    ...(answer.promptFeedback === undefined ? {} : { prompt_feedback: answer.promptFeedback }),
  };
}

/** Why the prompt was refused, or null. */
export function blockReason(answer: Fields): string | null {
  return textOf(fieldsOf(answer.promptFeedback).blockReason) || null;
}

function choiceOf(candidate: Fields, place: number, id: string): ChatAnswer['choices'][number] {
  const said = saidIn(objectsOf(fieldsOf(candidate.content).parts), id, 0);
  const members = membersOf({ ...said, thinking: joinedThinking(said.thinking) }, candidate);
  return {
    index: typeof candidate.index === 'number' ? candidate.index : place,
    message: { role: 'assistant', content: said.text === '' ? null : said.text, ...members, ...(said.calls.length === 0 ? {} : { tool_calls: said.calls }) },
    finish_reason: finishReasonOf(candidate.finishReason, said.calls.length > 0),
  };
}

/** Thoughts are counted beside the candidates, cached content inside the prompt. */
export function chatUsage(usage: Fields): ChatUsage {
  const prompt = countOf(usage.promptTokenCount) + countOf(usage.toolUsePromptTokenCount);
  const thoughts = countOf(usage.thoughtsTokenCount);
  const completion = countOf(usage.candidatesTokenCount) + thoughts;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: countOf(usage.cachedContentTokenCount),
      audio_tokens: tokensOfKind('AUDIO', usage.promptTokensDetails),
      ...picturesIn(usage.promptTokensDetails),
    },
    completion_tokens_details: {
      reasoning_tokens: thoughts,
      audio_tokens: tokensOfKind('AUDIO', usage.candidatesTokensDetails),
      ...picturesIn(usage.candidatesTokensDetails),
    },
  };
}

/** Tokens of one modality in a list by modality. */
export function tokensOfKind(kind: 'AUDIO' | 'IMAGE', details: unknown): number {
  return objectsOf(details).reduce((sum, { modality, tokenCount }) => sum + (modality === kind ? countOf(tokenCount) : 0), 0);
}

/** Pictures are counted where there are some. */
function picturesIn(details: unknown): { image_tokens?: number } {
  const tokens = tokensOfKind('IMAGE', details);
  return tokens > 0 ? { image_tokens: tokens } : {};
}
