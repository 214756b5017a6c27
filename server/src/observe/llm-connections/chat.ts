// One question to a model by an LLM connection, in the language of its adapter. Bedrock and Vertex AI are reached by way of the gateway, which speaks theirs.
import type { Egress, EgressAnswer } from '#http/egress.ts';
import { AppError } from '#lib/errors.ts';
import { countOf, fieldsOf, objectsOf, parsed, textOf } from '#lib/json.ts';
import type { OpenConnection } from './connections.ts';

/** The name of the connection to the platform's own gateway. */
export const GATEWAY_PROVIDER = 'genai-gateway';

/** Where calls of judges are traced: what lies there is never judged. */
export const JUDGE_ENVIRONMENT = 'llm-as-a-judge';

export interface ChatMessage {
  role: 'system' | 'user';
  content: string;
}

export interface ChatQuestion {
  connection: OpenConnection;
  model: string;
  messages: readonly ChatMessage[];
  timeoutMs: number;
  signal?: AbortSignal;
  /** How the gateway names and marks the trace of this call; other adapters get nothing of it. */
  trace?: { name: string; environment: string; metadata: Readonly<Record<string, string>> };
}

export interface ChatReply {
  text: string;
  /** The model that answered, as it says. */
  model: string;
  inputTokens: number | null;
  outputTokens: number | null;
  /** Trace of the call when the gateway recorded it, else null: then whoever asked keeps it. */
  traceId: string | null;
  /** What the gateway says that it cost; null when it does not know, and for other connections. */
  cost: string | null;
}

export type AskModel = (question: ChatQuestion) => Promise<ChatReply>;

export interface ChatParts {
  egress: Egress;
  /** A way out that reaches the gateway alone; null when this process has no gateway to ask. */
  gateway: { url: string; egress: Egress } | null;
}

const MAX_TOKENS = 2_048;

/** @throws AppError (from the returned function) whose `retryable` says whether the same question may be answered later. */
export function createAskModel({ egress, gateway }: ChatParts): AskModel {
  return async (question) => {
    if (question.connection.provider !== GATEWAY_PROVIDER) return { ...(await exchange(egress, question, wireOf(question))).reply, traceId: null, cost: null };
    if (gateway === null)
      throw new AppError('This process reaches no gateway: set --gateway-url, or choose another connection.', { status: 422, code: 'no_gateway' });
    const { reply, answer } = await exchange(gateway.egress, question, gatewayWire(question, gateway.url));
    const callId = answer.headers['x-litellm-call-id'];
    const cost = answer.headers['x-litellm-response-cost'];
    return { ...reply, traceId: typeof callId === 'string' ? callId.replaceAll('-', '') : null, cost: typeof cost === 'string' ? cost : null };
  };
}

async function exchange(way: Egress, question: ChatQuestion, wire: Wire): Promise<{ reply: Reply; answer: EgressAnswer }> {
  const { connection, timeoutMs, signal } = question;
  const answer = await way.request({
    url: wire.url,
    headers: { 'content-type': 'application/json', accept: 'application/json', ...wire.headers, ...connection.extraHeaders },
    body: JSON.stringify(wire.body),
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.status < 200 || answer.status > 299) throw failureOf(answer, connection.provider);
  return { reply: wire.read(fieldsOf(parsed(answer.body)), question.model), answer };
}

/** Whether evaluators can ask through a connection; why not otherwise. */
export function adapterProblem(adapter: OpenConnection['adapter']): string | null {
  if (adapter !== 'bedrock' && adapter !== 'google-vertex-ai') return null;
  return `Evaluators reach ${adapter} by way of the gateway: register the model there and use the connection ${GATEWAY_PROVIDER}.`;
}

type Reply = Omit<ChatReply, 'traceId' | 'cost'>;
interface Wire {
  url: string;
  headers: Record<string, string>;
  body: object;
  read(answer: Record<string, unknown>, model: string): Reply;
}

function wireOf(question: ChatQuestion): Wire {
  const { connection } = question;
  switch (connection.adapter) {
    case 'openai':
      return openaiWire(question, connection.baseUrl ?? 'https://api.openai.com/v1', { authorization: `Bearer ${connection.secretKey}` });
    case 'google-ai-studio':
      return openaiWire(question, connection.baseUrl ?? 'https://generativelanguage.googleapis.com/v1beta/openai', {
        authorization: `Bearer ${connection.secretKey}`,
      });
    case 'azure':
      return azureWire(question);
    case 'anthropic':
      return anthropicWire(question);
    default:
      throw new AppError(adapterProblem(connection.adapter) ?? '', { status: 422, code: 'adapter_not_served' });
  }
}

function openaiWire({ model, messages }: ChatQuestion, baseUrl: string, headers: Record<string, string>): Wire {
  return { url: `${trimmed(baseUrl)}/chat/completions`, headers, body: { model, messages }, read: readOpenai };
}

function gatewayWire(question: ChatQuestion, url: string): Wire {
  const wire = openaiWire(question, `${trimmed(url)}/v1`, { authorization: `Bearer ${question.connection.secretKey}` });
  const { trace } = question;
  if (trace === undefined) return wire;
  return { ...wire, body: { ...wire.body, metadata: { ...trace.metadata, trace_name: trace.name, environment: trace.environment } } };
}

/** Langfuse writes an Azure address with or without `/openai/deployments`. */
function azureWire(question: ChatQuestion): Wire {
  const { connection, model } = question;
  const base = trimmed(connection.baseUrl ?? '');
  const deployments = base.includes('/deployments') ? base : `${base.replace(/\/openai$/, '')}/openai/deployments`;
  const wire = openaiWire(question, `${deployments}/${encodeURIComponent(model)}`, { 'api-key': connection.secretKey });
  return { ...wire, url: `${wire.url}?api-version=2024-10-21` };
}

function anthropicWire({ connection, model, messages }: ChatQuestion): Wire {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const base = trimmed(connection.baseUrl ?? 'https://api.anthropic.com');
  return {
    url: `${base.endsWith('/v1') ? base : `${base}/v1`}/messages`,
    headers: { 'x-api-key': connection.secretKey, 'anthropic-version': '2023-06-01' },
    body: {
      model,
      max_tokens: MAX_TOKENS,
      messages: messages.filter(({ role }) => role !== 'system'),
      ...(system.length === 0 ? {} : { system: system.join('\n\n') }),
    },
    read: readAnthropic,
  };
}

const trimmed = (url: string): string => url.replace(/\/+$/, '');

function readOpenai(answer: Record<string, unknown>, asked: string): Reply {
  const usage = fieldsOf(answer.usage);
  const message = fieldsOf(fieldsOf(objectsOf(answer.choices)[0]).message);
  const text =
    typeof message.content === 'string'
      ? message.content
      : objectsOf(message.content)
          .map((part) => textOf(part.text))
          .join('');
  return { text, model: textOf(answer.model) || asked, ...tokens(usage, 'prompt_tokens', 'completion_tokens') };
}

function readAnthropic(answer: Record<string, unknown>, asked: string): Reply {
  const text = objectsOf(answer.content)
    .map((part) => textOf(part.text))
    .join('');
  return { text, model: textOf(answer.model) || asked, ...tokens(fieldsOf(answer.usage), 'input_tokens', 'output_tokens') };
}

function tokens(usage: Record<string, unknown>, input: string, output: string): Pick<Reply, 'inputTokens' | 'outputTokens'> {
  return { inputTokens: usage[input] === undefined ? null : countOf(usage[input]), outputTokens: usage[output] === undefined ? null : countOf(usage[output]) };
}

const MAX_MESSAGE = 500;

/** What a provider said, with what may be done about it. */
function failureOf(answer: EgressAnswer, provider: string): AppError {
  const body = fieldsOf(parsed(answer.body));
  const said = textOf(fieldsOf(body.error).message) || textOf(body.message) || answer.body;
  const seconds = Number(answer.headers['retry-after']);
  const retryable = answer.status === 408 || answer.status === 409 || answer.status === 429 || answer.status >= 500;
  return new AppError(`${provider} answered ${answer.status}: ${said.slice(0, MAX_MESSAGE)}`, {
    status: retryable ? 503 : 422,
    code: `upstream_${answer.status}`,
    retryable,
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  });
}
