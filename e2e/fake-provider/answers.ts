// What the fake provider says: OpenAI-shaped bodies, stream frames and errors, with and without Azure's content-filter fields.
import type { Mode } from './modes.ts';
import { numberOption } from './modes.ts';

export const CREATED = 1_700_000_000;
const ENGLISH = ['Hello', ' from', ' the', ' fake', ' provider', '.', ' Nice', ' to', ' meet', ' you'];
const JAPANESE = ['こん', 'にちは', '！', 'これ', 'は', 'テスト', 'の', '応答', 'です', '。🎌'];

export interface Asked {
  model: string;
  stream: boolean;
  includeUsage: boolean;
  azure: boolean;
}

/** Prompt and completion tokens that the answer reports. */
export function usageOf(mode: Mode): {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: object;
  completion_tokens_details: object;
} {
  const prompt = numberOption(mode, 'in', 9);
  const completion = numberOption(mode, 'out', 12);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: numberOption(mode, 'cached', 0), audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: numberOption(mode, 'reasoning', 0), audio_tokens: 0 },
  };
}

const FILTER = { hate: { filtered: false, severity: 'safe' }, self_harm: { filtered: false, severity: 'safe' } };

/** A chat completion as JSON text. Options: `answered` (model name in the answer), `size` (bytes of content), `text=ja`, `in`, `out`, `cached`, `usage=never|broken`. */
export function chatAnswer(mode: Mode, asked: Asked): string {
  const words = mode.options.get('text') === 'ja' ? JAPANESE : ENGLISH;
  const size = numberOption(mode, 'size', 0);
  const content = size > 0 ? 'x'.repeat(size) : words.join('');
  const choice = { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' };
  const usage = mode.options.get('usage');
  return JSON.stringify({
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: CREATED,
    model: mode.options.get('answered') ?? 'gpt-4o-mini-2024-07-18',
    ...(asked.azure ? { prompt_filter_results: [{ prompt_index: 0, content_filter_results: FILTER }] } : {}),
    choices: [asked.azure ? { ...choice, content_filter_results: FILTER } : choice],
    ...(usage === 'never' ? {} : { usage: usage === 'broken' ? { prompt_tokens: -1, completion_tokens: 1.5, total_tokens: 0.5 } : usageOf(mode) }),
    system_fingerprint: 'fp_fake',
    x_unknown_field: { kept: true },
  });
}

/** An embeddings answer for one input. */
export function embeddingsAnswer(mode: Mode): string {
  const size = numberOption(mode, 'dimensions', 8);
  const tokens = numberOption(mode, 'in', 9);
  return JSON.stringify({
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: Array.from({ length: size }, (_, index) => index / 100) }],
    model: 'text-embedding-3-small',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** The frames of a streamed chat completion, each with its blank line; the last is [DONE] unless `done=0`. */
export function chatFrames(mode: Mode, asked: Asked): string[] {
  const base = { id: 'chatcmpl-fake', object: 'chat.completion.chunk', created: CREATED, model: 'gpt-4o-mini-2024-07-18', system_fingerprint: 'fp_fake' };
  const usageField = asked.includeUsage ? { usage: null } : {};
  const frame = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...usageField })}\n\n`;
  const frames: string[] = [];
  if (asked.azure) {
    frames.push(
      `data: ${JSON.stringify({ ...base, id: '', model: '', choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: FILTER }] })}\n\n`,
    );
  }
  frames.push(frame({ role: 'assistant', content: '', refusal: null }, null));
  const words = mode.options.get('text') === 'ja' ? JAPANESE : ENGLISH;
  const deltas = numberOption(mode, 'deltas', words.length);
  for (let index = 0; index < deltas; index++) frames.push(frame({ content: words[index % words.length] }, null));
  const big = numberOption(mode, 'big', 0);
  if (big > 0) frames.push(frame({ content: 'y'.repeat(big) }, null));
  if (mode.options.has('malformed')) frames.push('data: {"id":"chatcmpl-fake","choices":[{"delta":\n\n');
  for (let index = 0; index < numberOption(mode, 'comment', 0); index++) frames.push(': keep-alive\n\n');
  if (mode.options.get('finish') !== '0') frames.push(frame({}, 'stop'));
  const usage = mode.options.get('usage') ?? 'asked';
  if (usage === 'always' || (usage === 'asked' && asked.includeUsage)) {
    frames.push(`data: ${JSON.stringify({ ...base, choices: [], usage: usageOf(mode) })}\n\n`);
  }
  if (mode.options.get('done') !== '0') frames.push('data: [DONE]\n\n');
  return frames;
}

/** Azure's refusal of a prompt, with the details that clients read. */
export const CONTENT_FILTER_ERROR = JSON.stringify({
  error: {
    message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
    type: null,
    param: 'prompt',
    code: 'content_filter',
    status: 400,
    innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { hate: { filtered: true, severity: 'high' } } },
  },
});

/** A quota error of Google's APIs, which says inside when to come back. */
export function quotaError(retryDelay: string): string {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }];
  return JSON.stringify({ error: { code: 429, message: 'Quota exceeded.', status: 'RESOURCE_EXHAUSTED', details } });
}

/** An OpenAI error body; `echo` puts a key-like text into it, as real upstreams do. */
export function errorBody(status: number, mode: Mode): string {
  const message =
    mode.options.get('message') ??
    (mode.options.has('echo')
      ? 'Incorrect API key provided: sk-proj-abcdef1234567890abcdef. You can find your key in the settings.'
      : `fake failure ${status}`);
  return JSON.stringify({ error: { message, type: status === 429 ? 'requests' : 'server_error', param: null, code: mode.options.get('errorcode') ?? null } });
}
