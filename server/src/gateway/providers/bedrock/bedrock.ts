// Amazon Bedrock: Converse and ConverseStream, signed (SigV4) or with a bearer token.
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase, type Upstream } from '#gateway/providers/provider.ts';
import type { Wire } from '#gateway/providers/wire.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { chatAnswer } from './answer.ts';
import { awsSigner, type Signer } from './credentials.ts';
import { bedrockEmbeddings } from './embeddings.ts';
import { invokeAnswer, invokeCount, invokeEdits } from './invoke.ts';
import { converseRequest } from './request.ts';
import { bedrockRerank } from './rerank.ts';
import { ConverseReader } from './stream.ts';

const NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>();
const CLAUDE_NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>(['messages']);

const converseWire: Wire = (chat, facts) => {
  const { body, jsonTool } = converseRequest(chat, { ...facts, model: modelOf(facts.model) });
  return { body, answer: (answer) => chatAnswer(answer, facts, jsonTool), stream: () => new ConverseReader(facts, jsonTool) };
};

/** bedrock-runtime of the region, or aws_bedrock_runtime_endpoint. */
export const bedrock: Provider = { errorLabel: () => 'BedrockException', upstream: bedrockUpstream };

function bedrockUpstream(deployment: Deployment): Upstream {
  const cloud = deployment.cloud ?? {};
  const region = cloud.aws_region_name ?? regionIn(deployment.upstreamModel);
  if (region === null || !/^[a-z0-9-]+$/.test(region)) throw incomplete(deployment, 'needs aws_region_name: set AWS_REGION', 500);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const base = parseBase(cloud.aws_bedrock_runtime_endpoint ?? deployment.apiBase ?? `https://bedrock-runtime.${region}.${suffix}`);
  if (base === null) throw incomplete(deployment, 'needs aws_bedrock_runtime_endpoint with an http(s) URL', 500);
  const sign = awsSigner({ region, cloud });
  if (deployment.mode === 'rerank') return reranker(deployment, { region, base, sign });
  const bearer = deployment.apiKey;
  return {
    origin: base.origin,
    apiBase: base.origin + base.path,
    ...(speaksMessages(deployment)
      ? { native: CLAUDE_NATIVE, nativeEdits: invokeEdits, nativeAnswer: invokeAnswer, tokenCount: invokeCount }
      : { native: NATIVE }),
    path: (endpoint, model, stream) => `${base.path}/model/${operation(endpoint, modelOf(model), stream)}`,
    headers: headerList(deployment, bearer ? ['authorization', `Bearer ${bearer}`] : []),
    ...(bearer ? {} : { authorize: ({ path, body }) => sign({ origin: base.origin, path, body }) }),
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    wire: converseWire,
    embeddings: (asked, facts) => bedrockEmbeddings(asked, { ...facts, model: modelOf(facts.model) }),
  };
}

interface Place {
  readonly region: string;
  readonly base: { readonly origin: string; readonly path: string };
  readonly sign: Signer;
}

/** Rerank belongs to Bedrock's Agents runtime, which has a host of its own and takes no API keys. */
function reranker(deployment: Deployment, { region, base, sign }: Place): Upstream {
  const origin = base.origin.replace('bedrock-runtime', 'bedrock-agent-runtime');
  return {
    origin,
    apiBase: origin + base.path,
    native: NATIVE,
    path: () => `${base.path}/rerank`,
    headers: headerList(deployment, []),
    authorize: ({ path, body }) => sign({ origin, path, body }),
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    rerank: (asked, facts) => bedrockRerank(region)(asked, { ...facts, model: modelOf(facts.model) }),
  };
}

/** What is called on a model: Messages and embeddings go to the model as they are, chats by Converse. */
function operation(endpoint: Endpoint | 'count-tokens', model: string, stream: boolean | undefined): string {
  if (endpoint === 'count-tokens') return `${segment(model.replace(/^(us|eu|apac|jp|au|us-gov|global)\./, ''))}/count-tokens`;
  if (endpoint === 'embeddings') return `${segment(model)}/invoke`;
  if (endpoint === 'messages') return `${segment(model)}/${stream === true ? 'invoke-with-response-stream' : 'invoke'}`;
  return `${segment(model)}/${stream === true ? 'converse-stream' : 'converse'}`;
}

/** Claude takes Messages as they are, unless the configuration asks for Converse by name or has a guardrail, which only Converse is told of. */
function speaksMessages({ upstreamModel, defaultParameters }: Deployment): boolean {
  return /anthropic\.claude/.test(upstreamModel) && !/(^|\/)converse\//.test(upstreamModel) && defaultParameters.guardrailConfig === undefined;
}

const REGION = /^[a-z]{2}(?:-gov)?-[a-z]+-\d$/;

/** LiteLLM's `bedrock/us-east-1/model` names the region, and so does an ARN. */
function regionIn(model: string): string | null {
  return model.split('/').find((part) => REGION.test(part)) ?? /^arn:[^:]+:bedrock:([a-z0-9-]+):/.exec(model)?.[1] ?? null;
}

/** The model's id or ARN without LiteLLM's words for how it is called. */
function modelOf(model: string): string {
  const parts = model.split('/');
  while (parts.length > 1 && (REGION.test(parts[0] as string) || /^(converse|converse_like|invoke)$/.test(parts[0] as string))) parts.shift();
  return parts.join('/');
}

function segment(name: string): string {
  if (name === '' || name === '.' || name === '..')
    throw new AppError('The model name cannot be used on Bedrock.', { status: 400, code: 'bad_request_error', param: 'model' });
  return encodeURIComponent(name);
}
