// A guarded stream to its last byte: the event that ends it says the whole answer once more, and guards see that as well.
import { expect, it } from 'vitest';
import { startScriptedUpstream } from '#gateway/providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway } from '#gateway/test-gateway-fixture.ts';
import type { GuardConfig } from './guard.ts';

it('masks the whole response in the last event of a stream', async () => {
  const upstream = await startScriptedUpstream();
  const personal = { name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['post_call']), defaultOn: true };
  const more = { failOpen: false, timeoutMs: 1_000, violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) };
  const deployments = [{ ...DEPLOYMENT, apiBase: `${upstream.url}/v1` }];
  const gateway = await startTestGateway({ deployments, guardrails: [{ ...personal, ...more } as unknown as GuardConfig] });
  gateway.key('sk-user');
  const text = 'write to taro@secret.example.jp';
  const output = [{ type: 'message', id: 'i', role: 'assistant', content: [{ type: 'output_text', text }] }];
  const events = [
    { type: 'response.output_text.delta', item_id: 'i', content_index: 0, delta: text },
    { type: 'response.output_text.done', item_id: 'i', content_index: 0, text },
    { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output, usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } } },
  ];
  const pieces = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces });
  const body = JSON.stringify({ model: 'gpt', input: 'x', stream: true });
  const answer = await fetch(`${gateway.url}/v1/responses`, { method: 'POST', headers: { authorization: 'Bearer sk-user' }, body });
  const streamed = await answer.text();
  expect(streamed).toContain('response.completed');
  expect(streamed.match(/write to <EMAIL_ADDRESS>/g)).toHaveLength(3);
  expect([streamed, JSON.stringify(gateway.written.settled)].join(' ')).not.toContain('secret.example.jp');
  expect(gateway.written.settled[0]?.record).toMatchObject({ outcome: 'success', usage: { input: 3, output: 4 } });
  await gateway.close();
  await upstream.close();
});
