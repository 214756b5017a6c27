// Amazon Bedrock: Converse and ConverseStream, signed (SigV4) or with a bearer token.
import { headerList, incomplete } from '#gateway/providers/openai/openai.ts';
import { type Endpoint, type Provider, parseBase, type Upstream } from '#gateway/providers/provider.ts';
import type { Wire } from '#gateway/providers/wire.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { chatAnswer } from './answer.ts';
import { awsSigner } from './credentials.ts';
import { converseRequest } from './request.ts';
import { ConverseReader } from './stream.ts';

const NATIVE: ReadonlySet<Endpoint> = new Set<Endpoint>();

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
  const bearer = deployment.apiKey;
  const sign = awsSigner({ region, cloud });
  return {
    origin: base.origin,
    apiBase: base.origin + base.path,
    native: NATIVE,
    path: (_endpoint, model, stream) => `${base.path}/model/${segment(modelOf(model))}/${stream === true ? 'converse-stream' : 'converse'}`,
    headers: headerList(deployment, bearer ? ['authorization', `Bearer ${bearer}`] : []),
    ...(bearer ? {} : { authorize: ({ path, body }) => sign({ origin: base.origin, path, body }) }),
    rename: new Map(),
    drop: new Set(),
    streamUsage: false,
    wire: converseWire,
  };
}

const REGION = /^[a-z]{2}(?:-gov)?-[a-z]+-\d$/;

/** LiteLLM's `bedrock/us-east-1/model` names the region. */
function regionIn(model: string): string | null {
  return model.split('/').find((part) => REGION.test(part)) ?? null;
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
