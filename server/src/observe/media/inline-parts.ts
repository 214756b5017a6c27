// Where the providers' own inline media stand in JSON text: a base64 text whose type its neighbours name, or its first bytes.
import { endOfString, type Span } from '#observe/ingest/json-spans.ts';

/** A base64 text with its quotes, and its type where one is said. */
export interface InlinePart {
  span: Span;
  /** Null = told by its first bytes. */
  contentType: string | null;
}

type Members = Map<string, Span>;

const TYPE_NAMES = ['media_type', 'mediaType', 'mimeType', 'mime_type'];
const WATCHED: ReadonlySet<string> = new Set(['data', 'b64_json', 'result', 'format', 'type', ...TYPE_NAMES]);
/** A part is looked for where such a text begins: shorter ones are words. */
const LIKELY = /"(?:data|b64_json|result)"\s*:\s*"[A-Za-z0-9+_/\\-]{64}/;

const [QUOTE, COLON, COMMA] = [34, 58, 44];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [123, 125, 91, 93];

/** An object or array around the place. */
interface Frame {
  isObject: boolean;
  /** The member that it is the value of; in an array the array's. */
  name: string;
  /** The member whose value comes; null while a name comes. */
  key: string | null;
  members: Members;
}

/** Every inline part of text that JSON.parse takes; in other text, whatever looks like one. */
export function inlinePartsOf(text: string): InlinePart[] {
  return text.length > 80 && LIKELY.test(text) ? new Walk(text).parts() : [];
}

class Walk {
  readonly #text: string;
  readonly #frames: Frame[] = [];
  readonly #found: InlinePart[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  parts(): InlinePart[] {
    for (let at = 0; at < this.#text.length; ) at = this.#step(at);
    return this.#found;
  }

  /** Takes what stands at a place and returns where to go on. */
  #step(at: number): number {
    const code = this.#text.charCodeAt(at);
    if (code === QUOTE) return this.#string(at);
    const frame = this.#frames.at(-1);
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      const name = (frame?.isObject ? frame.key : frame?.name) ?? '';
      this.#frames.push({ isObject: code === OPEN_OBJECT, name, key: null, members: new Map() });
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      const closed = this.#frames.pop();
      const part = closed === undefined ? null : partOf(this.#text, closed);
      if (part !== null) this.#found.push(part);
    } else if (code === COMMA && frame !== undefined) frame.key = null;
    return at + 1;
  }

  #string(at: number): number {
    const end = endOfString(this.#text, at);
    const frame = this.#frames.at(-1);
    if (frame?.isObject !== true) return end;
    if (frame.key !== null) {
      if (WATCHED.has(frame.key)) frame.members.set(frame.key, [at, end]);
      return end;
    }
    let colon = end;
    while (this.#text.charCodeAt(colon) <= 32) colon += 1;
    if (this.#text.charCodeAt(colon) !== COLON) return end;
    frame.key = this.#text.slice(at + 1, end - 1);
    return colon + 1;
  }
}

function textAt(text: string, span: Span | undefined): string | null {
  return span === undefined ? null : text.slice(span[0] + 1, span[1] - 1).replaceAll('\\/', '/');
}

/** The part that an object is: Anthropic's and Gemini's data beside its type, OpenAI's audio in and out, made pictures. */
function partOf(text: string, { name, members }: Frame): InlinePart | null {
  const data = members.get('data');
  const said = TYPE_NAMES.map((type) => textAt(text, members.get(type))).find((type) => type !== null);
  if (data !== undefined && said !== undefined) return { span: data, contentType: said };
  if (data !== undefined && name === 'input_audio') return { span: data, contentType: `audio/${textAt(text, members.get('format')) ?? ''}` };
  if (data !== undefined && name === 'audio') return { span: data, contentType: null };
  const picture = members.get('b64_json') ?? (textAt(text, members.get('type')) === 'image_generation_call' ? members.get('result') : undefined);
  return picture === undefined ? null : { span: picture, contentType: null };
}
