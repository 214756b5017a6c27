// Pictures in an upstream's own language: one call of OpenAI's becomes one or more requests, their answers one list again.
import { AppError } from '#lib/errors.ts';
import { countOf, type Fields } from '#lib/json.ts';
import { unsupportedParameter } from './parameters.ts';
import { UpstreamSaid, type WireFacts } from './wire.ts';

/** A picture that a call brings. */
export interface GivenPicture {
  readonly mimeType: string;
  /** Base64. */
  readonly data: string;
}

/** What a call brings beside its words. */
export interface Given {
  readonly pictures: readonly GivenPicture[];
  readonly masked: boolean;
}

/** OpenAI's request, understood. */
export interface PicturesAsked {
  readonly prompt: string;
  readonly count: number;
  /** Null = the model decides. */
  readonly size: string | null;
  /** Pictures to change; none = one is made. */
  readonly given: readonly GivenPicture[];
  /** Members that OpenAI does not know. */
  readonly more: Fields;
}

/** Tokens of one answer. */
export interface PictureTokens {
  readonly textInput: number;
  readonly imageInput: number;
  readonly textOutput: number;
  readonly imageOutput: number;
}

/** What one answer brings. */
export interface Drawn {
  /** Entries of OpenAI's list. */
  readonly pictures: readonly Fields[];
  /** Null = the upstream does not count any. */
  readonly tokens: PictureTokens | null;
  /** Why the upstream did not want to draw; null = it did, or says nothing. */
  readonly refusal: string | null;
}

/** A call, translated: the requests' bodies, and how one answer is read. */
export interface PicturesCall {
  readonly bodies: readonly Fields[];
  /** @throws Error when the answer makes no sense. */
  read(answer: Fields): Drawn;
}

/** @throws AppError 400 for what the language cannot say, 501 for a model that cannot do it. */
export type PicturesWire = (asked: PicturesAsked, facts: WireFacts) => PicturesCall;

/** OpenAI's own limit. */
const MOST_PICTURES = 10;
const READ: ReadonlySet<string> = new Set(['model', 'prompt', 'n', 'size', 'image', 'image[]', 'images', 'mask', 'metadata', 'user', 'moderation']);
/** OpenAI's words that no other language has, and the values of theirs that change nothing. */
const FOREIGN: Readonly<Record<string, readonly unknown[]>> = {
  response_format: ['b64_json'],
  quality: ['auto'],
  style: [],
  background: ['auto'],
  output_format: ['png'],
  output_compression: [100],
  input_fidelity: ['low'],
  partial_images: [0],
  stream: [false],
};

/** @throws AppError 400 for what cannot be drawn. */
export function readPictures(body: Fields, { pictures, masked }: Given, provider: string, dropParams: boolean): PicturesAsked {
  const { prompt, n, size } = body;
  if (typeof prompt !== 'string' || prompt === '') throw refused('"prompt" must be a text.', 'prompt');
  const count = n === undefined || n === null ? 1 : n;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MOST_PICTURES)
    throw refused(`"n" must be a whole number from 1 to ${MOST_PICTURES}.`, 'n');
  // A client that reads events cannot read anything else.
  if (body.stream === true) throw refused('This model finishes its pictures before it shows them: leave out "stream".', 'stream');
  if (masked && !dropParams) throw unsupportedParameter('mask', provider);
  const foreign = Object.keys(FOREIGN).find((name) => body[name] !== undefined && body[name] !== null && !FOREIGN[name]?.includes(body[name]));
  if (foreign !== undefined && !dropParams) throw unsupportedParameter(foreign, provider);
  return {
    prompt,
    count,
    size: typeof size === 'string' && size !== '' && size !== 'auto' ? size : null,
    given: pictures,
    more: Object.fromEntries(Object.entries(body).filter(([key, value]) => !READ.has(key) && !Object.hasOwn(FOREIGN, key) && value !== null)),
  };
}

/** LiteLLM's ratios of OpenAI's sizes, which are not always the nearest ones. */
const NAMED: Readonly<Record<string, string>> = { '1024x1024': '1:1', '1792x1024': '16:9', '1024x1792': '9:16', '1280x896': '4:3', '896x1280': '3:4' };

/**
 * The ratio that a model knows for a size.
 * @throws AppError 400 for what is no size.
 */
export function aspectRatio(size: string, ratios: readonly string[]): string {
  const named = Object.hasOwn(NAMED, size) ? NAMED[size] : undefined;
  if (named !== undefined) return named;
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(size);
  const [width, height] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  if (width === 0 || height === 0) throw refused('"size" must be a width and a height, for example 1024x1024, or auto.', 'size');
  const distance = (ratio: string): number => {
    const [wide = 1, high = 1] = ratio.split(':').map(Number);
    return Math.abs(Math.log((width * high) / (height * wide)));
  };
  return ratios.reduce((nearest, ratio) => (distance(ratio) < distance(nearest) ? ratio : nearest));
}

/**
 * OpenAI's list of what all answers brought.
 * @throws UpstreamSaid when nothing was drawn because the upstream did not want to.
 */
export function drawnList(drawn: readonly Drawn[], createdSeconds: number): Fields {
  const data = drawn.flatMap(({ pictures }) => pictures);
  const refusal = drawn.find((one) => one.refusal !== null)?.refusal ?? null;
  if (data.length === 0 && refusal !== null)
    throw new UpstreamSaid(JSON.stringify({ error: { message: refusal, code: 'content_policy_violation', status: 400, type: 'invalid_request_error' } }));
  const counted = drawn.flatMap(({ tokens }) => (tokens === null ? [] : [tokens]));
  return { created: createdSeconds, data, ...(counted.length === 0 ? {} : { usage: usageOf(counted, data.length) }) };
}

function usageOf(counted: readonly PictureTokens[], images: number): Fields {
  const sum = (name: keyof PictureTokens): number => counted.reduce((total, tokens) => total + countOf(tokens[name]), 0);
  const [textInput, imageInput, textOutput, imageOutput] = [sum('textInput'), sum('imageInput'), sum('textOutput'), sum('imageOutput')];
  return {
    input_tokens: textInput + imageInput,
    input_tokens_details: { text_tokens: textInput, image_tokens: imageInput },
    output_tokens: textOutput + imageOutput,
    output_tokens_details: { text_tokens: textOutput, image_tokens: imageOutput },
    total_tokens: textInput + imageInput + textOutput + imageOutput,
    images,
  };
}

function refused(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param });
}
