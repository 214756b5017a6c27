// Guards in realtime sessions: what a client says is looked at before it leaves, what the model says before it arrives, and sound that nobody can hear is refused unless the configuration lets it pass.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEPLOYMENT, MASTER_KEY, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import { openClient, type Peer, type RealtimeUpstream, startRealtimeUpstream, type UpstreamSession } from './realtime-fixture.ts';

type Guard = GatewayConfig['guardrails'][number];
const MAIL = 'taro@example.co.jp';
const CARD = '4111 1111 1111 1111';
const guard = (modes: ('pre_call' | 'post_call')[]): Guard => ({
  ...{ name: 'personal', kind: 'personal_data', provider: 'genai_personal_data', modes: new Set(modes), defaultOn: true },
  ...{ failOpen: false, timeoutMs: 5_000, violation: null },
  entities: new Map([
    ['EMAIL_ADDRESS', 'MASK'],
    ['CREDIT_CARD', 'BLOCK'],
  ]),
});

let upstream: RealtimeUpstream;
let test: TestGateway;
beforeEach(async () => {
  upstream = await startRealtimeUpstream();
});
afterEach(async () => {
  await test?.close();
  await upstream.close();
});

async function session(modes: ('pre_call' | 'post_call')[], unreadAudio: 'pass' | 'refuse' = 'refuse'): Promise<[Peer, UpstreamSession]> {
  const deployment = {
    ...DEPLOYMENT,
    modelName: 'voice',
    mode: 'realtime',
    provider: 'openai',
    providerName: 'openai',
    apiBase: `${upstream.url}/v1`,
    apiKey: 'k',
  } as const;
  test = await startTestGateway({ deployments: [deployment], guardrails: [guard(modes)], realtime: { unreadAudio, idleMs: 60_000, longestMs: 60_000 } });
  const client = await openClient(`${test.url}/v1/realtime?model=voice`, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
  return [client, await upstream.session()];
}
const said = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
async function ended(client: Peer): Promise<void> {
  client.socket.close();
  await client.closed;
  while (!test.written.settled.some(({ record }) => record.endpoint === 'realtime-session')) await new Promise((resolve) => setTimeout(resolve, 5));
}

it('what a client says is masked wherever it stands, or refused in the session', async () => {
  const [client, there] = await session(['pre_call']);
  client.send({ type: 'session.update', session: { type: 'realtime', instructions: `You are ${MAIL}` } });
  expect(await there.next('session.update')).toMatchObject({ session: { instructions: 'You are <EMAIL_ADDRESS>' } });
  client.send({ type: 'conversation.item.create', item: said(`I am ${MAIL}`) });
  expect(await there.next('conversation.item.create')).toMatchObject({ item: { content: [{ text: 'I am <EMAIL_ADDRESS>' }] } });
  there.send({ type: 'conversation.item.added', item: { id: 'u1', ...said('I am <EMAIL_ADDRESS>') } });
  client.send({ type: 'conversation.item.create', event_id: 'mine', item: said(`Card ${CARD}`) });
  expect(await client.next('error')).toMatchObject({ error: { code: 'guardrail_violation', event_id: 'mine', message: expect.stringContaining('personal') } });
  client.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id: 'c', output: MAIL } });
  expect(await there.next('conversation.item.create')).toMatchObject({ item: { output: '<EMAIL_ADDRESS>' } });
  client.send({ type: 'response.create', response: { instructions: MAIL, input: [said(MAIL)] } });
  expect(await there.next('response.create')).toMatchObject({
    response: { instructions: '<EMAIL_ADDRESS>', input: [{ content: [{ text: '<EMAIL_ADDRESS>' }] }] },
  });
  there.speak(there.begin(), ['Good']);
  await client.next('response.done');
  client.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
  expect(await client.next('error')).toMatchObject({ error: { code: 'guardrail_unread', message: expect.stringContaining('unread_realtime_audio') } });
  await ended(client);
  expect(there.types()).not.toContain('input_audio_buffer.append');
  expect(JSON.stringify([there.heard, test.written])).not.toContain(MAIL);
  expect(JSON.stringify([there.heard, test.written])).not.toContain(CARD);
});

it('sound passes where the configuration says so, and what was heard in it is masked when it comes back', async () => {
  const [client, there] = await session(['pre_call'], 'pass');
  client.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
  await there.next('input_audio_buffer.append');
  there.send({ type: 'conversation.item.added', item: { id: 'u1', type: 'message', role: 'user', content: [{ type: 'input_audio', transcript: null }] } });
  there.send({ type: 'conversation.item.input_audio_transcription.delta', item_id: 'u1', content_index: 0, delta: MAIL });
  there.send({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'u1', content_index: 0, transcript: `Write to ${MAIL}` });
  expect(await client.next('conversation.item.input_audio_transcription.completed')).toMatchObject({ transcript: 'Write to <EMAIL_ADDRESS>' });
  there.speak(there.begin(), ['Yes']);
  await client.next('response.done');
  await ended(client);
  expect(client.types()).not.toContain('conversation.item.input_audio_transcription.delta');
  expect(JSON.stringify([client.heard, test.written])).not.toContain(MAIL);
  expect(test.written.settled.find(({ record }) => record.endpoint === 'realtime')?.request).toContain('Write to <EMAIL_ADDRESS>');
});

it('an answer arrives when guards have seen all of it: masked without its sound, whole, or not at all', async () => {
  const [client, there] = await session(['post_call']);
  const ask = async (words: string[]) => {
    client.send({ type: 'response.create' });
    await there.next('response.create');
    there.speak(there.begin(), words);
    return await client.next('response.done');
  };
  const masked = await ask(['Write to taro@exam', 'ple.co.jp now']);
  expect(masked).toMatchObject({ response: { status: 'completed', output: [{ content: [{ transcript: 'Write to <EMAIL_ADDRESS> now' }] }] } });
  expect(client.heard.filter(({ type }) => type === 'response.output_audio_transcript.delta').map(({ delta }) => delta)).toEqual([
    'Write to <EMAIL_ADDRESS> now',
  ]);
  expect(client.types()).not.toContain('response.output_audio.delta');
  const clean = await ask(['Good ', 'day']);
  expect(clean).toMatchObject({ response: { output: [{ content: [{ transcript: 'Good day' }] }] } });
  expect(client.types().filter((type) => type === 'response.output_audio.delta')).toHaveLength(2);
  const refused = await ask(['Card ', CARD]);
  expect(refused).toMatchObject({ response: { status: 'failed', output: [] } });
  expect(await client.next('error')).toMatchObject({ error: { code: 'guardrail_violation' } });
  expect(await there.next('conversation.item.delete')).toMatchObject({ item_id: 'item_resp_3' });
  client.send({ type: 'conversation.item.retrieve', item_id: 'item_resp_1' });
  expect(await client.next('error')).toMatchObject({ error: { code: 'guardrail_unread' } });
  await ended(client);
  const rows = test.written.settled
    .filter(({ record }) => record.endpoint === 'realtime')
    .map(({ record }) => [record.outcome, record.usage?.total, record.guards?.[0]?.action]);
  expect(rows).toEqual([
    ['success', 150, 'masked'],
    ['success', 150, 'passed'],
    ['failure', 150, 'blocked'],
  ]);
  for (const secret of [MAIL, 'taro@exam', CARD]) expect(JSON.stringify([client.heard, test.written])).not.toContain(secret);
});
