// Guards that ask a service: Azure AI Content Safety, Amazon Bedrock Guardrails, Presidio (presidio.ts), and LiteLLM's generic guardrail API (an HTTP hook).
import type { Dispatcher } from 'undici';
import { awsSigner } from '#gateway/providers/bedrock/credentials.ts';
import { fieldsOf, objectsOf, parsed, textOf, wordOf } from '#lib/json.ts';
import { type Guard, type GuardConfig, type GuardInput, PASSED, type Verdict } from './guard.ts';
import { presidioGuard } from './presidio.ts';

export type Pool = (origin: string) => Dispatcher;

type Inspect = Guard['inspect'];

/** A guard over a service; what goes wrong there is an error, and `failOpen` says what that means. */
export function remoteGuard(config: GuardConfig & { kind: 'azure_shield' | 'azure_moderation' | 'bedrock' | 'http' | 'presidio' }, pool: Pool): Guard {
  const { name, modes, defaultOn, failOpen } = config;
  return { name, modes, defaultOn, refuses: false, isLocal: false, failOpen, stream: null, inspect: inspectOf(config, pool) };
}

function inspectOf(config: GuardConfig & { kind: 'azure_shield' | 'azure_moderation' | 'bedrock' | 'http' | 'presidio' }, pool: Pool): Inspect {
  switch (config.kind) {
    case 'azure_shield':
      return azureShield(config, pool);
    case 'azure_moderation':
      return azureModeration(config, pool);
    case 'bedrock':
      return bedrockGuard(config, pool);
    case 'http':
      return httpHook(config, pool);
    case 'presidio':
      return presidioGuard(config, async ({ body, ...sending }) => await sent(pool, { ...sending, bytes: Buffer.from(JSON.stringify(body)) }));
  }
}

interface Sending {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: unknown;
  signal: AbortSignal;
}

/** @throws Error when the answer is not 200 with a JSON object. */
async function ask(pool: Pool, { url, headers, body, signal }: Sending): Promise<Record<string, unknown>> {
  const bytes = Buffer.from(JSON.stringify(body));
  return await send(pool, { url, headers, bytes, signal });
}

async function send(pool: Pool, sending: Omit<Sending, 'body'> & { bytes: Buffer }): Promise<Record<string, unknown>> {
  return fieldsOf(await sent(pool, sending));
}

async function sent(pool: Pool, { url, headers, bytes, signal }: Omit<Sending, 'body'> & { bytes: Buffer }): Promise<unknown> {
  const answer = await pool(url.origin).request({
    path: url.pathname + url.search,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: bytes,
    signal,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`the guard's service answered ${answer.statusCode}: ${text.slice(0, 200)}`);
  return parsed(text);
}

/** Longest text that Content Safety takes at once. */
const AZURE_LIMIT = 10_000;
const AZURE_VERSION = '2024-09-01';

function azureUrl(base: string, operation: string, version: string | null): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/contentsafety$/, '')}/contentsafety/${operation}`;
  url.search = `?api-version=${version ?? AZURE_VERSION}`;
  return url;
}

function pieces(texts: readonly string[]): string[] {
  return texts.flatMap((text) =>
    Array.from({ length: Math.ceil(text.length / AZURE_LIMIT) }, (_, index) => text.slice(index * AZURE_LIMIT, (index + 1) * AZURE_LIMIT)),
  );
}

type Service = Extract<GuardConfig, { kind: 'azure_shield' | 'azure_moderation' }>;

function azureShield(config: Extract<GuardConfig, { kind: 'azure_shield' }>, pool: Pool): Inspect {
  const url = azureUrl(config.apiBase, 'text:shieldPrompt', config.apiVersion);
  return async ({ texts }, signal) => {
    for (const piece of pieces(texts)) {
      const answer = await ask(pool, { url, headers: azureKey(config), body: { userPrompt: piece, documents: [] }, signal });
      if (fieldsOf(answer.userPromptAnalysis).attackDetected === true) return refusedBy(config, 'Azure Prompt Shield: attack detected');
    }
    return PASSED;
  };
}

function azureModeration(config: Extract<GuardConfig, { kind: 'azure_moderation' }>, pool: Pool): Inspect {
  const url = azureUrl(config.apiBase, 'text:analyze', config.apiVersion);
  return async ({ texts }, signal) => {
    for (const piece of pieces(texts)) {
      const body = {
        text: piece,
        categories: config.categories,
        outputType: config.outputType,
        ...(config.blocklists.length === 0 ? {} : { blocklistNames: config.blocklists, haltOnBlocklistHit: config.haltOnBlocklistHit }),
      };
      const answer = await ask(pool, { url, headers: azureKey(config), body, signal });
      const listed = objectsOf(answer.blocklistsMatch)[0];
      if (listed !== undefined) return refusedBy(config, `Azure Content Safety: blocklist ${textOf(listed.blocklistName)}`);
      const severe = objectsOf(answer.categoriesAnalysis).find(
        ({ category, severity }) => typeof severity === 'number' && severity >= config.threshold(textOf(category)),
      );
      if (severe !== undefined) return refusedBy(config, `Azure Content Safety: ${textOf(severe.category)} with severity ${wordOf(severe.severity)}`);
    }
    return PASSED;
  };
}

const azureKey = ({ apiKey }: Service): Record<string, string> => ({ 'ocp-apim-subscription-key': apiKey });

function bedrockGuard(config: Extract<GuardConfig, { kind: 'bedrock' }>, pool: Pool): Inspect {
  const origin = config.endpoint ?? `https://bedrock-runtime.${config.region}.amazonaws.com`;
  const url = new URL(`${origin.replace(/\/+$/, '')}/guardrail/${encodeURIComponent(config.identifier)}/version/${encodeURIComponent(config.version)}/apply`);
  const sign = awsSigner({ region: config.region, cloud: config.cloud });
  return async ({ texts, kind }, signal) => {
    if (texts.length === 0) return PASSED;
    const body = { source: kind === 'request' ? 'INPUT' : 'OUTPUT', content: texts.map((text) => ({ text: { text } })) };
    const bytes = Buffer.from(JSON.stringify(body));
    const signed = await sign({ origin: url.origin, path: url.pathname, body: bytes });
    const headers: Record<string, string> = {};
    for (let index = 0; index < signed.length; index += 2) headers[signed[index] as string] = signed[index + 1] as string;
    const answer = await send(pool, { url, headers, bytes, signal });
    if (answer.action !== 'GUARDRAIL_INTERVENED') return PASSED;
    const outputs = objectsOf(answer.outputs).map(({ text }) => textOf(text));
    const masks = kind === 'request' ? config.maskRequests : config.maskAnswers;
    // Masked: as many texts as were asked about. Blocked: one sentence that says so.
    if (masks && outputs.length === texts.length && !isBlocked(answer)) return { texts: outputs, refusal: null };
    return refusedBy(config, outputs.join(' ') || 'Bedrock Guardrails intervened');
  };
}

/** Whether any policy of an assessment says BLOCKED, at whatever depth: policies differ in form. */
function isBlocked(answer: Record<string, unknown>): boolean {
  return /"action":"BLOCKED"/.test(JSON.stringify(answer.assessments ?? []));
}

function httpHook(config: Extract<GuardConfig, { kind: 'http' }>, pool: Pool): Inspect {
  const url = new URL(config.apiBase);
  if (!url.pathname.endsWith('/beta/litellm_basic_guardrail_api')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/beta/litellm_basic_guardrail_api`;
  const headers = { ...config.headers, ...(config.apiKey === null ? {} : { 'x-api-key': config.apiKey }) };
  return async (input, signal) => {
    const answer = await ask(pool, { url, headers, body: hookBody(input, config.parameters), signal });
    const reason = textOf(answer.blocked_reason);
    if (answer.action === 'BLOCKED') return refusedBy(config, reason || 'blocked by the guard');
    const { texts } = answer;
    if (answer.action !== 'GUARDRAIL_INTERVENED' || !Array.isArray(texts)) return PASSED;
    if (texts.length !== input.texts.length || !texts.every((text) => typeof text === 'string'))
      throw new Error('the guard’s service changed the number of texts');
    return { texts: texts as string[], refusal: null };
  };
}

/** litellm's generic_guardrail_api. */
function hookBody({ texts, kind, call, body }: GuardInput, parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    input_type: kind === 'request' ? 'request' : 'response',
    texts,
    structured_messages: kind === 'request' ? (fieldsOf(body).messages ?? null) : null,
    litellm_call_id: call.callId,
    litellm_trace_id: call.traceId,
    model: call.model,
    request_data: {
      user_api_key_hash: call.keyHash,
      user_api_key_alias: call.keyAlias,
      user_api_key_team_id: call.teamId,
      user_api_key_user_id: call.userId,
      user_api_key_end_user_id: call.endUser,
    },
    additional_provider_specific_params: parameters,
  };
}

function refusedBy({ violation }: GuardConfig, reason: string): Verdict {
  return { texts: null, refusal: violation ?? reason };
}
