// Finished calls on their way to receivers, as an operator sees it: somebody else's Langfuse (a second platform), a collector, a webhook, objects; away, killed, registered while it runs.
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, generateKey, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

interface Hook {
  url: string;
  bodies: string[];
  isAway: boolean;
  server: Server;
}

async function startHook(): Promise<Hook> {
  const hook: Hook = { url: '', bodies: [], isAway: false, server: createServer() };
  hook.server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (!hook.isAway) hook.bodies.push(Buffer.concat(chunks).toString());
      response.writeHead(hook.isAway ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => hook.server.listen(0, '127.0.0.1', resolve));
  hook.url = `http://127.0.0.1:${(hook.server.address() as AddressInfo).port}`;
  return hook;
}

/** Deliveries linger a quarter of a second and are repeated after one. */
const seen = (check: () => Promise<void>) =>
  eventually(
    'the receiver has it',
    async () => {
      await check();
      return true;
    },
    30_000,
  );

const config = (hooks: { collector: string; webhook: string }) => `
model_list:
  - model_name: demo
    litellm_params: { model: openai/demo, mock_response: "an answer for the receivers", input_cost_per_token: 0.001, output_cost_per_token: 0.001 }
litellm_settings:
  success_callback: [otel, generic_api, s3_v2]
  failure_callback: [generic_api]
general_settings:
  alerting: [webhook]
environment_variables:
  OTEL_EXPORTER_OTLP_ENDPOINT: ${hooks.collector}
  GENERIC_LOGGER_ENDPOINT: ${hooks.webhook}/calls
  WEBHOOK_URL: ${hooks.webhook}/alerts
`;

describe('callbacks', () => {
  const folder = temporaryFolder();
  let collector: Hook;
  let webhook: Hook;
  let other: Platform;
  let platform: Platform;
  const start = () => startPlatform({ folder, config: config({ collector: collector.url, webhook: webhook.url }) });

  beforeAll(async () => {
    [collector, webhook] = [await startHook(), await startHook()];
    [other, platform] = [await startPlatform(), await start()];
  });
  afterAll(async () => {
    await platform?.stop();
    await other?.stop();
    for (const hook of [collector, webhook]) hook.server.close();
    removeFolder(folder);
  });

  it('of the configuration reach a collector, a webhook and the blob store', async () => {
    const answer = await chat(platform, platform.keys.masterKey, 'demo');
    const callId = answer.headers.get('x-litellm-call-id') as string;
    await seen(async () => expect(collector.bodies.join()).toContain(callId));
    await seen(async () => expect(webhook.bodies.join()).toContain(callId));
    const [span] = collector.bodies.map((body) => JSON.parse(body) as { resourceSpans: unknown[] });
    expect(span?.resourceSpans).toHaveLength(1);
    await seen(async () => {
      const objects = readdirSync(join(platform.dataDir, 'blobs', 'callbacks'), { recursive: true }).map(String);
      expect(objects.find((key) => key.endsWith(`_${callId}.json`))).toMatch(/^\d{4}-\d{2}-\d{2}\/time-/);
    });
    await seen(async () => {
      const active = await call(`${platform.gatewayUrl}/active/callbacks`, { key: platform.keys.masterKey });
      expect(active.body.receivers).toEqual(expect.arrayContaining([expect.objectContaining({ name: 's3_v2', waiting_deliveries: 0, last_error: null })]));
    });
  });

  it('that are away lose nothing, not even when the process is killed, and slow nobody', async () => {
    webhook.isAway = true;
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const answer = await chat(platform, platform.keys.masterKey, 'demo');
      expect(answer.status).toBe(200);
      ids.push(answer.headers.get('x-litellm-call-id') as string);
    }
    await platform.crash();
    webhook.isAway = false;
    platform = await start();
    for (const id of ids) await seen(async () => expect(webhook.bodies.join()).toContain(id));
    const payloads = webhook.bodies.filter((body) => body.startsWith('[')).flatMap((body) => JSON.parse(body) as { id: string; response_cost: number }[]);
    // At least once, and told apart by their ids.
    expect(new Set(payloads.map(({ id }) => id)).size).toBeGreaterThanOrEqual(ids.length);
    expect(payloads.every(({ response_cost: cost }) => cost > 0)).toBe(true);
  });

  it('of a key go to the Langfuse that it names, by either way, with its secrets sealed', async () => {
    for (const name of ['langfuse', 'langfuse_otel']) {
      const vars = { langfuse_public_key: other.keys.publicKey, langfuse_secret_key: other.keys.secretKey, langfuse_host: other.observeUrl };
      const metadata = { logging: [{ callback_name: name, callback_type: 'success', callback_vars: vars }] };
      const made = await call(`${platform.gatewayUrl}/key/generate`, { key: platform.keys.masterKey, body: { metadata, key_alias: `by-${name}` } });
      expect(made.status).toBe(200);
      expect(made.text).not.toContain(other.keys.secretKey);
      const answer = await chat(platform, made.body.key as unknown as string, 'demo', {
        body: { user: `user-of-${name}`, metadata: { session_id: `session-of-${name}` } },
      });
      const traceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
      await seen(async () => {
        const trace = await observe(other, `/api/public/traces/${traceId}`);
        expect(trace.status, trace.text).toBe(200);
        const { observations, userId, totalCost } = trace.body as unknown as {
          observations: { type: string; calculatedTotalCost: number }[];
          userId: string;
          totalCost: number;
        };
        expect(observations).toHaveLength(1);
        expect(observations[0]?.type).toBe('GENERATION');
        expect(userId).toBe(`user-of-${name}`);
        expect(totalCost).toBeGreaterThan(0);
      });
    }
  });

  it('of a team are added, listed and switched off', async () => {
    const { masterKey } = platform.keys;
    const team = await call(`${platform.gatewayUrl}/team/new`, { key: masterKey, body: { team_alias: 'told' } });
    const teamId = team.body.team_id as unknown as string;
    const key = await generateKey(platform, { team_id: teamId });
    const add = (body: object) => call(`${platform.gatewayUrl}/team/${teamId}/callback`, { key: masterKey, body });
    const vars = { generic_logger_endpoint: `${webhook.url}/team` };
    const added = await add({ callback_name: 'generic_api', callback_type: 'success_and_failure', callback_vars: vars });
    expect(added.body.data).toMatchObject({ team_id: teamId, success_callbacks: ['generic_api'], failure_callbacks: ['generic_api'] });
    expect((await add({ callback_name: 'generic_api', callback_type: 'success', callback_vars: vars })).status).toBe(400);
    const before = webhook.bodies.length;
    const told = await chat(platform, key, 'demo');
    await seen(async () => expect(webhook.bodies.slice(before).join()).toContain(told.headers.get('x-litellm-call-id')));
    const off = await call(`${platform.gatewayUrl}/team/${teamId}/disable_logging`, { method: 'POST', key: masterKey });
    expect(off.body.data).toMatchObject({ success_callbacks: [], failure_callbacks: [] });
    const untold = await chat(platform, key, 'demo');
    const last = await chat(platform, masterKey, 'demo');
    await seen(async () => expect(webhook.bodies.join()).toContain(last.headers.get('x-litellm-call-id')));
    expect(webhook.bodies.join()).not.toContain(untold.headers.get('x-litellm-call-id') as string);
  });

  it('tell of a budget that is used up, once', async () => {
    const key = await generateKey(platform, { max_budget: 0.0001, key_alias: 'poor' });
    await chat(platform, key, 'demo');
    await chat(platform, key, 'demo');
    await seen(async () => expect(webhook.bodies.filter((body) => body.includes('budget_crossed') && body.includes('poor'))).toHaveLength(1));
  });
});
