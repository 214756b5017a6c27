// Which language the clients of each endpoint speak.
import type { Endpoint } from '#gateway/providers/provider.ts';
import { readChatCall } from './chat-call.ts';
import type { ReadClientCall } from './client-call.ts';
import { readCompletionsCall } from './completions-call.ts';
import type { Dialect } from './dialect.ts';
import { generateDialect } from './generate/dialect.ts';
import { readGenerateCall } from './generate/request.ts';
import { messagesDialect } from './messages/dialect.ts';
import { readMessagesCall } from './messages/request.ts';
import { audioDialect, imageDialect, moderationsDialect, openAiDialect, rerankDialect } from './openai.ts';
import { responsesDialect } from './responses/dialect.ts';
import { readResponsesCall } from './responses/request.ts';

const DIALECTS: Readonly<Record<Endpoint, Dialect>> = {
  chat: openAiDialect,
  completions: openAiDialect,
  embeddings: openAiDialect,
  messages: messagesDialect,
  responses: responsesDialect,
  'generate-content': generateDialect,
  'pass-through': openAiDialect,
  moderations: moderationsDialect,
  rerank: rerankDialect,
  mcp: openAiDialect,
  speech: audioDialect,
  transcriptions: audioDialect,
  translations: audioDialect,
  'image-generations': imageDialect,
  'image-edits': imageDialect,
  'image-variations': imageDialect,
  'realtime-session': openAiDialect,
  realtime: openAiDialect,
  'realtime-transcription': openAiDialect,
};
/** How a call is understood for upstreams that do not speak its endpoint; absent = it cannot be translated. */
const CLIENT_CALLS: Readonly<Partial<Record<Endpoint, ReadClientCall>>> = {
  chat: readChatCall,
  completions: readCompletionsCall,
  messages: readMessagesCall,
  responses: readResponsesCall,
  'generate-content': readGenerateCall,
};

export function dialectOf(endpoint: Endpoint): Dialect {
  return DIALECTS[endpoint];
}

/** The reader of an endpoint's calls for translation; null when there is none. */
export function readClientCall(endpoint: Endpoint): ReadClientCall | null {
  return CLIENT_CALLS[endpoint] ?? null;
}
