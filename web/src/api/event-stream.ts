// Server-sent events as the console reads them: with fetch, because EventSource cannot name the project in a header.
import { errorOf } from './client.ts';

export interface StreamEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Takes text as it arrives, cut anywhere, and hands on each whole event. */
export function createEventParser(onEvent: (event: StreamEvent) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const blocks = `${rest}${text}`.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) onEvent(eventOf(block));
  };
}

function eventOf(block: string): StreamEvent {
  const event: StreamEvent = { id: null, event: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) event.id = line.slice(4);
    else if (line.startsWith('event: ')) event.event = line.slice(7);
    else if (line.startsWith('data: ')) event.data += line.slice(6);
  }
  return event;
}

export interface StreamRequest {
  projectId: string;
  query: Record<string, string>;
  lastEventId: string | null;
  signal: AbortSignal;
  onEvent: (event: StreamEvent) => void;
}

/** Reads a stream until it ends. @throws ApiError when it is refused; what breaks off throws as fetch does. */
export async function readEvents(path: string, { projectId, query, lastEventId, signal, onEvent }: StreamRequest): Promise<void> {
  const headers = { accept: 'text/event-stream', 'x-genai-project': projectId, ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) };
  await take(await fetch(`${path}?${new URLSearchParams(query)}`, { credentials: 'same-origin', headers, signal }), onEvent);
}

export interface PostRequest {
  projectId: string;
  body: object;
  signal: AbortSignal;
  /** Told before the first event. */
  onHeaders: (headers: Headers) => void;
  onEvent: (event: StreamEvent) => void;
}

/** Asks a question whose answer is a stream. @throws ApiError when it is refused; what breaks off throws as fetch does. */
export async function postEvents(path: string, { projectId, body, signal, onHeaders, onEvent }: PostRequest): Promise<void> {
  const headers = { accept: 'text/event-stream', 'content-type': 'application/json', 'x-genai-project': projectId };
  const response = await fetch(path, { method: 'POST', credentials: 'same-origin', headers, body: JSON.stringify(body), signal });
  if (response.ok) onHeaders(response.headers);
  await take(response, onEvent);
}

async function take(response: Response, onEvent: (event: StreamEvent) => void): Promise<void> {
  if (!response.ok || response.body === null) throw errorOf(response.status, bodyOf(await response.text()), response.headers.get('retry-after'));
  const hand = createEventParser(onEvent);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) hand(read.value);
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
