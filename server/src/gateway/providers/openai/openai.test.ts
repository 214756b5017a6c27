// OpenAI's own language through the conformance suite: the chat passes as it is, Messages are translated.
import { describeProvider } from '#gateway/providers/conformance.ts';
import { OPENAI_SPEAKER } from './speaker-fixture.ts';

describeProvider({ name: 'openai', deployment: (url) => ({ apiBase: `${url}/v1`, upstreamModel: 'gpt-4o' }), ...OPENAI_SPEAKER });
