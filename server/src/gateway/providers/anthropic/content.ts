// OpenAI content parts -> Anthropic content blocks. What is a block of Anthropic's already passes as it is.
import { unsupportedContent } from '#gateway/providers/parameters.ts';
import { type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';

const PROVIDER = 'anthropic';
/** `data:image/png;base64,AAAA` */
const DATA_URL = /^data:([^;,]*)(?:;[^,]*)?,(.*)$/s;

/** Blocks of a message's content: a text or a list of parts. Empty texts are left out, because Anthropic refuses them. */
export function blocksOf(content: unknown): Fields[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return objectsOf(content).flatMap(blockOf);
}

function blockOf(part: Fields): Fields[] {
  const block = PARTS.get(textOf(part.type))?.(part) ?? part;
  if (block.type === 'text' && textOf(block.text) === '') return [];
  return [withCacheControl(block, part)];
}

/** Cache marks stay on what they mark. */
export function withCacheControl(block: Fields, source: Fields): Fields {
  return isFields(source.cache_control) && block !== source ? { ...block, cache_control: source.cache_control } : block;
}

const PARTS: ReadonlyMap<string, (part: Fields) => Fields> = new Map<string, (part: Fields) => Fields>([
  ['text', (part) => ({ type: 'text', text: textOf(part.text) })],
  ['refusal', (part) => ({ type: 'text', text: textOf(part.refusal) })],
  ['image_url', (part) => ({ type: 'image', source: imageSource(part.image_url) })],
  ['file', (part) => documentBlock(fieldsOf(part.file))],
  [
    'input_audio',
    () => {
      throw unsupportedContent('audio', PROVIDER);
    },
  ],
]);

function imageSource(image: unknown): Fields {
  const url = typeof image === 'string' ? image : textOf(fieldsOf(image).url);
  if (/^https?:/.test(url)) return { type: 'url', url };
  const data = DATA_URL.exec(url);
  if (data === null) throw unsupportedContent('an image_url that is neither an http(s) address nor a data: URL', PROVIDER);
  const declared = textOf(fieldsOf(image).format);
  return { type: 'base64', media_type: declared || data[1] || 'image/png', data: data[2] };
}

function documentBlock(file: Fields): Fields {
  const title = typeof file.filename === 'string' ? { title: file.filename } : {};
  const content = textOf(file.file_data);
  const data = DATA_URL.exec(content);
  if (data === null) {
    const id = textOf(file.file_id) || content;
    if (/^https?:/.test(id)) return { type: 'document', source: { type: 'url', url: id }, ...title };
    if (id === '') throw unsupportedContent('a file without file_data or file_id', PROVIDER);
    return { type: 'document', source: { type: 'file', file_id: id }, ...title };
  }
  const [, mediaType = '', payload = ''] = data;
  if (mediaType.startsWith('image/')) return { type: 'image', source: { type: 'base64', media_type: mediaType, data: payload } };
  if (mediaType.startsWith('text/'))
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: Buffer.from(payload, 'base64').toString('utf8') }, ...title };
  return { type: 'document', source: { type: 'base64', media_type: mediaType || 'application/pdf', data: payload }, ...title };
}
