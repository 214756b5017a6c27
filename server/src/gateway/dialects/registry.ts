// Which language the clients of each endpoint speak.
import type { Endpoint } from '#gateway/providers/provider.ts';
import type { Dialect } from './dialect.ts';
import { openAiDialect } from './openai.ts';

const DIALECTS: Readonly<Record<Endpoint, Dialect>> = { chat: openAiDialect, embeddings: openAiDialect };

export function dialectOf(endpoint: Endpoint): Dialect {
  return DIALECTS[endpoint];
}
