// Anthropic's Messages on Bedrock: the client's own body by InvokeModel, its events unpacked from AWS's stream. Source: AWS's and Anthropic's public references.
import type { IncomingHttpHeaders } from 'node:http';
import type { Endpoint, NativeEdits, TokenCount } from '#gateway/providers/provider.ts';
import type { AnswerTranslation, StreamTranslation } from '#gateway/providers/wire.ts';
import { fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';
import { EventStream, type StreamMessage } from './event-stream.ts';
import { exceptionOf } from './exceptions.ts';

const VERSION = 'bedrock-2023-05-31';
const DROPPED: ReadonlySet<string> = new Set(['model', 'stream']);

/** Model and stream stand in the address; beta features, a header elsewhere, in the body. */
export function invokeEdits(_endpoint: Endpoint | 'count-tokens', headers: IncomingHttpHeaders): NativeEdits {
  const add = new Map([['anthropic_version', JSON.stringify(VERSION)]]);
  const betas = textOf(headers['anthropic-beta'])
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (betas.length > 0) add.set('anthropic_beta', JSON.stringify(betas));
  return { drop: DROPPED, add };
}

/** CountTokens takes the body that InvokeModel would get. */
export const invokeCount: TokenCount = {
  request: (body) => Buffer.from(JSON.stringify({ input: { invokeModel: { body: withMaximum(body).toString('base64') } } })),
  read(status, answer) {
    const count = fieldsOf(parsed(answer)).inputTokens;
    // Not every region and model counts.
    if (status === 400 || status === 404) return null;
    return status === 200 && typeof count === 'number' ? count : Number.NaN;
  },
};

/** A call needs max_tokens, a count names none. */
function withMaximum(body: Buffer): Buffer {
  const fields = parsed(body.toString('utf8'));
  return isFields(fields) && fields.max_tokens === undefined ? Buffer.from(JSON.stringify({ ...fields, max_tokens: 1 })) : body;
}

export const invokeAnswer: AnswerTranslation = { whole: () => null, stream: () => new UnpackedEvents() };

class UnpackedEvents implements StreamTranslation {
  readonly #stream = new EventStream();
  #stopped = false;

  push(bytes: Buffer): string {
    return this.#stream
      .push(bytes)
      .map((message) => this.#frame(message))
      .join('');
  }

  end(): string | null {
    return this.#stopped && this.#stream.isWhole ? '' : null;
  }

  #frame({ headers, payload }: StreamMessage): string {
    const body = fieldsOf(parsed(payload === '' ? '{}' : payload));
    if (headers.get(':message-type') !== 'event') throw exceptionOf(headers, body);
    if (headers.get(':event-type') !== 'chunk' || this.#stopped) return '';
    const json = Buffer.from(textOf(body.bytes), 'base64').toString('utf8');
    const type = textOf(fieldsOf(parsed(json)).type);
    if (type === '' || /[\r\n]/.test(json)) throw new Error('the stream contains an event that is not one of Messages');
    this.#stopped = type === 'message_stop';
    return `event: ${type}\ndata: ${json}\n\n`;
  }
}
