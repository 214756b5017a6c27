// What the reliability tests share: two scripted upstreams, a configuration with short time-outs, calls, and the one row that each call leaves.
import { call } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { eventually, type Platform, type PlatformOptions, startPlatform } from './process.ts';

/** A call's row of /spend/logs. */
export interface SpendRow {
  request_id: string;
  spend: number | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  metadata: { outcome: string; usage_estimated?: boolean; [key: string]: unknown };
}

export interface ReliabilityRig {
  readonly platform: Platform;
  readonly upstream: FakeProvider;
  readonly other: FakeProvider;
  /** A chat call; scripted modes are for its tries. */
  chat(model: string, options?: { body?: object; script?: readonly string[]; headers?: Record<string, string>; key?: string }): ReturnType<typeof call>;
  /** The same as a stream, whose body can be read and left. */
  stream(model: string, options?: { body?: object; signal?: AbortSignal; headers?: Record<string, string> }): Promise<Response>;
  /** The rows of a call: there must be one. */
  row(callId: string): Promise<SpendRow>;
  close(): Promise<void>;
}

const PRICES = 'input_cost_per_token: 0.0000015, output_cost_per_token: 0.000002';

/** Models: once (no retry), retrying (two), pair (one deployment each upstream), by-mode names (`mode/<script>`), quick (time-out), quick-stream, deaf (TLS that never answers). */
export async function startRig(
  options: PlatformOptions & { settings?: string; models?: (base: string, otherBase: string) => string } = {},
): Promise<ReliabilityRig> {
  const [upstream, other] = [await startFakeProvider(), await startFakeProvider()];
  const [base, otherBase] = [`${upstream.url}/v1`, `${other.url}/v1`];
  const config = `
model_list:
  - model_name: once
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 0, ${PRICES} }
  - model_name: retrying
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 2, ${PRICES} }
  - model_name: pair
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 0, ${PRICES} }
    model_info: { id: pair-a }
  - model_name: pair
    litellm_params: { model: openai/fixed, api_base: "${otherBase}", api_key: sk-upstream, max_retries: 0, ${PRICES} }
    model_info: { id: pair-b }
  - model_name: quick
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 0, timeout: 0.4, ${PRICES} }
  - model_name: quick-stream
    litellm_params: { model: openai/fixed, api_base: "${base}", api_key: sk-upstream, max_retries: 0, stream_timeout: 0.4, ${PRICES} }
  - model_name: "mode/*"
    litellm_params: { model: "openai/*", api_base: "${base}", api_key: sk-upstream, max_retries: 0, ${PRICES} }
${options.models?.(base, otherBase) ?? ''}
genai_settings: { idle_timeout: 1.5, connect_timeout: 0.4 }
${options.settings ?? ''}
`;
  const platform = await startPlatform({ ...options, config });
  return {
    platform,
    upstream,
    other,
    chat(model, { body = {}, script = [], headers = {}, key = platform.keys.masterKey } = {}) {
      upstream.script(...script);
      return call(`${platform.gatewayUrl}/v1/chat/completions`, { key, headers, body: { model, messages: [{ role: 'user', content: 'hello' }], ...body } });
    },
    stream(model, { body = {}, signal, headers = {} } = {}) {
      return fetch(`${platform.gatewayUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${platform.keys.masterKey}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'hello' }], ...body }),
        ...(signal === undefined ? {} : { signal }),
      });
    },
    async row(callId) {
      const rows = await eventually(`the row of ${callId}`, async () => {
        const found = (await call(`${platform.gatewayUrl}/spend/logs?request_id=${callId}`, { key: platform.keys.masterKey })).body as unknown as SpendRow[];
        return found.length > 0 ? found : null;
      });
      if (rows.length !== 1) throw new Error(`${rows.length} rows for ${callId}`);
      return rows[0] as SpendRow;
    },
    async close() {
      await platform.stop();
      await upstream.close();
      await other.close();
    },
  };
}

/** The id that an answer carries, failed or not. */
export function callIdOf(answer: { headers: Headers }): string {
  return answer.headers.get('x-litellm-call-id') as string;
}
