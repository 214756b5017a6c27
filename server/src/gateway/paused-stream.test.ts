// A stream that is complete while its client does not read: its upstream's connection must not stay paused. Before, it was held until the call's longest time, and a drain with it.
import { ServerResponse } from 'node:http';
import { afterEach, expect, it, vi } from 'vitest';
import { startScriptedUpstream } from './providers/upstream-fixture.ts';
import { DEPLOYMENT, startTestGateway } from './test-gateway-fixture.ts';

afterEach(() => vi.restoreAllMocks());

it('lets the upstream go although the last chunk met a full socket', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ deployments: [{ ...DEPLOYMENT, modelName: 'm', apiBase: `${upstream.url}/v1` }] });
  gateway.key('sk-user');
  const frame = (finish: string | null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: finish }] })}\n\n`;
  upstream.script({ headers: { 'content-type': 'text/event-stream' }, pieces: [frame(null), frame(null), `${frame('stop')}data: [DONE]\n\n`] });
  const { write } = ServerResponse.prototype;
  // The client's socket is full from the first byte on, and no drain ever comes.
  vi.spyOn(ServerResponse.prototype, 'write').mockImplementation(function (this: ServerResponse, ...given: Parameters<typeof write>) {
    const taken = write.apply(this, given);
    return this.req.headers.authorization === 'Bearer sk-user' ? false : taken;
  } as typeof write);
  const body = JSON.stringify({ model: 'm', stream: true, messages: [] });
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: 'Bearer sk-user' }, body });
  expect(await answer.text()).toContain('[DONE]');
  const closed = gateway.close().then(() => 'closed');
  expect(await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000, 'held'))])).toBe('closed');
  await upstream.close();
});
