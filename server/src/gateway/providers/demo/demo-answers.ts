// What the demo model says, in OpenAI's shapes, and how many tokens it claims to have used.
import { createHash } from 'node:crypto';

/** The fields of a request that the demo looks at; everything is optional because bodies come from clients. */
export interface DemoRequest {
  model?: unknown;
  stream?: unknown;
  stream_options?: { include_usage?: unknown } | null;
  messages?: unknown;
  input?: unknown;
  max_tokens?: unknown;
  max_completion_tokens?: unknown;
  dimensions?: unknown;
  encoding_format?: unknown;
}

const GREETING_EN = 'Hello! This answer comes from the demo model inside the gateway: no network was used. You asked: ';
const GREETING_JA = 'こんにちは！これはゲートウェイ内蔵のデモモデルの応答です。ネットワークは使っていません。ご質問：';
const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/;

/** A chat completion. `text` null: a greeting that repeats the start of the question. */
export function demoChat(request: DemoRequest, id: string, text: string | null): object {
  const { words, finish, usage } = say(request, text);
  return {
    id,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: modelOf(request),
    choices: [{ index: 0, message: { role: 'assistant', content: words.join('') }, logprobs: null, finish_reason: finish }],
    usage,
    system_fingerprint: 'fp_demo',
  };
}

/** The same answer as stream frames, usage frame when asked, [DONE] last. */
export function demoChunks(request: DemoRequest, id: string, text: string | null): Buffer[] {
  const { words, finish, usage } = say(request, text);
  const withUsage = request.stream_options?.include_usage === true;
  const base = { id, object: 'chat.completion.chunk', created: Math.floor(Date.now() / 1000), model: modelOf(request), system_fingerprint: 'fp_demo' };
  const frame = (choices: object[], used: object | null) =>
    Buffer.from(`data: ${JSON.stringify({ ...base, choices, ...(withUsage ? { usage: used } : {}) })}\n\n`);
  return [
    frame([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], null),
    ...words.map((word) => frame([{ index: 0, delta: { content: word }, finish_reason: null }], null)),
    frame([{ index: 0, delta: {}, finish_reason: finish }], null),
    ...(withUsage ? [frame([], usage)] : []),
    Buffer.from('data: [DONE]\n\n'),
  ];
}

/** Unit vectors that depend on the input only; base64 when asked, as OpenAI's clients do. */
export function demoEmbeddings(request: DemoRequest): object {
  const inputs = Array.isArray(request.input) ? request.input : [request.input];
  const dimensions = wholeNumber(request.dimensions) ?? 32;
  const data = inputs.map((input, index) => {
    const vector = unitVector(typeof input === 'string' ? input : JSON.stringify(input ?? ''), Math.min(dimensions, 4096));
    return { object: 'embedding', index, embedding: request.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector] };
  });
  const tokens = countTokens(JSON.stringify(request.input ?? ''));
  return { object: 'list', data, model: modelOf(request), usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

function say(request: DemoRequest, text: string | null): { words: string[]; finish: string; usage: object } {
  const question = lastQuestion(request.messages);
  const answer = text ?? (JAPANESE.test(question) ? GREETING_JA : GREETING_EN) + [...question].slice(0, 80).join('');
  const all = answer.match(/[\u3040-\u30ff\u4e00-\u9fff]{1,2}|\s*[^\s\u3040-\u30ff\u4e00-\u9fff]+|\s+/gu) ?? [''];
  const limit = wholeNumber(request.max_completion_tokens) ?? wholeNumber(request.max_tokens);
  const words = limit === null ? all : all.slice(0, limit);
  const prompt = countTokens(JSON.stringify(request.messages ?? ''));
  const usage = {
    prompt_tokens: prompt,
    completion_tokens: words.length,
    total_tokens: prompt + words.length,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  return { words, finish: words.length < all.length ? 'length' : 'stop', usage };
}

function lastQuestion(messages: unknown): string {
  if (!Array.isArray(messages)) return '';
  const content: unknown = (messages as { role?: unknown; content?: unknown }[]).findLast((message) => message?.role === 'user')?.content;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as { text?: unknown }[]).map((part) => (typeof part?.text === 'string' ? part.text : '')).join(' ');
}

function modelOf(request: DemoRequest): string {
  return typeof request.model === 'string' ? request.model : 'demo';
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : null;
}

/** About four Latin characters or one Japanese character a token. */
function countTokens(text: string): number {
  let quarters = 0;
  for (const character of text) quarters += character.charCodeAt(0) < 0x2000 ? 1 : 4;
  return Math.max(1, Math.ceil(quarters / 4));
}

function unitVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  let digest = Buffer.alloc(0);
  for (let index = 0; index < dimensions; index++) {
    if (index % 32 === 0) digest = createHash('sha256').update(`${index}:${text}`).digest();
    vector[index] = (digest[index % 32] as number) / 127.5 - 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}
