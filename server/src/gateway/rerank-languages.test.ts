// /rerank to whoever has a language of its own: Voyage AI, Bedrock's Agents runtime and Google's ranking API, from Cohere's words and back, with what each of them bills.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrices } from '#prices/model-prices.ts';
import { readLiteLlmConfig } from '#settings/litellm-config.ts';
import { Notes } from '#settings/notes.ts';
import type { Deployment } from '#settings/settings.ts';
import { createDeploymentCheck } from './check-deployment.ts';
import type { GuardConfig } from './guards/guard.ts';
import { providerOf } from './providers/registry.ts';
import { rankedList, readRerank } from './providers/rerank.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './providers/upstream-fixture.ts';
import { startTestGateway, type TestGateway } from './test-gateway-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'rerank-'));
let upstream: ScriptedUpstream;
let test: TestGateway;

/** Read as people write them: LiteLLM's names, its modes and its prices. */
function deployments(): readonly Deployment[] {
  writeFileSync(join(folder, 'token'), 'subject-token');
  const credentials = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${upstream.url}/token`,
    credential_source: { file: join(folder, 'token') },
  };
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify(credentials));
  const aws = 'aws_access_key_id: AKIAEXAMPLE, aws_secret_access_key: SECRETEXAMPLEKEY';
  const google = `vertex_project: p, vertex_credentials: ${JSON.stringify(join(folder, 'credentials.json'))}`;
  const text = `
model_list:
  - { model_name: voyage, litellm_params: { model: voyage/rerank-2, api_key: pa-secret, api_base: "${upstream.url}/v1", input_cost_per_token: 0.0001 } }
  - { model_name: voyage-3, litellm_params: { model: voyage/voyage-3, api_key: pa-secret, api_base: "${upstream.url}" } }
  - { model_name: amazon, litellm_params: { model: "bedrock/amazon.rerank-v1:0", aws_region_name: us-west-2, ${aws}, aws_bedrock_runtime_endpoint: "${upstream.url}", input_cost_per_query: 0.001, api_key: bearer } }
  - { model_name: arn, litellm_params: { model: "bedrock/arn:aws:bedrock:eu-central-1::foundation-model/cohere.rerank-v3-5:0", ${aws}, aws_bedrock_runtime_endpoint: "${upstream.url}", input_cost_per_query: 0.002 } }
  - { model_name: google, litellm_params: { model: vertex_ai/semantic-ranker-default@latest, ${google}, api_base: "${upstream.url}", input_cost_per_query: 0.001 } }
`;
  return readLiteLlmConfig({ text, path: 'config.yaml', environment: {}, notes: new Notes() }).gatewayConfig.deployments;
}

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  test = await startTestGateway({ deployments: deployments() });
  test.key('sk-user');
});
afterAll(async () => {
  await test.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

const TOKEN = { pieces: ['{"access_token":"google-token","issued_token_type":"x","token_type":"Bearer","expires_in":3600}'] };
const ask = async (body: object, { path = '/v1/rerank', gateway = test } = {}) => {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization: 'Bearer sk-user' }, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, cost: response.headers.get('x-litellm-response-cost') };
};
const QUESTION = { query: 'capital of Japan', documents: ['Osaka', { text: 'Tokyo', year: 1868 }] };
const last = () => test.written.settled.at(-1)?.record;

describe('a rerank by Voyage AI', () => {
  const VOYAGE =
    '{"object":"list","data":[{"relevance_score":0.9,"index":1},{"relevance_score":0.2,"index":0}],"model":"rerank-2","usage":{"total_tokens":26}}';
  it('is asked in its words, answered in Cohere’s, and costs its tokens', async () => {
    upstream.script({ pieces: [VOYAGE] });
    for (const path of ['/rerank', '/v1/rerank', '/v2/rerank']) {
      const answer = await ask({ model: 'voyage', ...QUESTION, top_n: 2, truncation: false, rank_fields: ['text'], metadata: { a: 1 } }, { path });
      expect(answer).toMatchObject({ status: 200, cost: '0.0026' });
      expect(answer.body).toMatchObject({
        results: [
          { index: 1, relevance_score: 0.9, document: { text: 'Tokyo', year: 1868 } },
          { index: 0, relevance_score: 0.2, document: { text: 'Osaka' } },
        ],
        meta: { billed_units: { total_tokens: 26 }, tokens: { input_tokens: 26, output_tokens: 0 } },
      });
    }
    expect(upstream.seen[0]).toMatchObject({ path: '/v1/rerank', headers: { authorization: 'Bearer pa-secret' } });
    expect(upstream.seen[0]?.body).toEqual({ model: 'rerank-2', query: 'capital of Japan', documents: ['Osaka', 'Tokyo'], top_k: 2, truncation: false });
    expect(last()).toMatchObject({ endpoint: 'rerank', model: 'voyage', cost: '0.0026', usage: { input: 26, output: 0 }, usageEstimated: false });
    const without = await ask({ model: 'voyage', ...QUESTION, return_documents: false });
    expect(without.body.results).toEqual([
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.2 },
    ]);
  });
  it('refuses what is no question, and says what an answer lacks', async () => {
    upstream.script({ pieces: [VOYAGE] });
    for (const wrong of [
      { query: 3, documents: ['d'] },
      { query: 'q', documents: [] },
      { query: 'q', documents: [1] },
      { ...QUESTION, top_n: 0 },
    ])
      expect((await ask({ model: 'voyage', ...wrong })).status).toBe(400);
    expect(upstream.seen).toEqual([]);
    for (const pieces of [['{"data":[{"index":2,"relevance_score":1}]}'], ['{"data":[{"index":0}]}'], ['{}'], ['[]']]) {
      upstream.script({ pieces });
      expect((await ask({ model: 'voyage', ...QUESTION })).status).toBe(502);
    }
    upstream.script({ status: 400, pieces: ['{"detail":"The model rerank-9 does not exist"}'] });
    expect(await ask({ model: 'voyage', ...QUESTION })).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('rerank-9') } } });
    expect(last()).toMatchObject({ outcome: 'failure', cost: '0' });
  });
  it('is not asked for chats', async () => {
    expect((await ask({ model: 'voyage', messages: [] }, { path: '/v1/chat/completions' })).status).toBe(501);
  });
});

describe('embeddings of Voyage AI', () => {
  it('come to OpenAI’s client, in base64 or numbers, with all its tokens counted', async () => {
    const openai = new OpenAI({ apiKey: 'sk-user', baseURL: `${test.url}/v1`, maxRetries: 0 });
    const two =
      '{"object":"list","data":[{"object":"embedding","embedding":[0.5,1],"index":0},{"object":"embedding","embedding":[0.25,2],"index":1}],"model":"voyage-3","usage":{"total_tokens":7}}';
    for (const format of [undefined, 'float'] as const) {
      upstream.script({ pieces: [two] });
      const answer = await openai.embeddings.create({
        model: 'voyage-3',
        input: ['a', 'b'],
        dimensions: 512,
        ...{ metadata: { run: 1 } },
        ...(format ? { encoding_format: format } : {}),
      });
      expect(answer.data.map(({ embedding }) => embedding)).toEqual([
        [0.5, 1],
        [0.25, 2],
      ]);
      expect(answer.usage).toEqual({ prompt_tokens: 7, total_tokens: 7 });
    }
    expect(upstream.seen[0]?.path).toBe('/v1/embeddings');
    // Metadata is for the gateway.
    expect(upstream.seen[0]?.body).toEqual({ model: 'voyage-3', input: ['a', 'b'], output_dimension: 512 });
    // The bundled table prices it: 0.06 a million.
    expect(last()).toMatchObject({ endpoint: 'embeddings', usage: { input: 7, output: 0 }, usageEstimated: false, cost: '0.00000042' });
  });
});

describe('a rerank by Bedrock', () => {
  const answer = (...results: object[]) => ({ pieces: [JSON.stringify({ results })] });
  it('goes to the Agents runtime, signed for its region, with the model’s ARN', async () => {
    upstream.script(answer({ index: 1, relevanceScore: 0.68 }));
    const said = await ask({ model: 'amazon', ...QUESTION, top_n: 9, return_documents: true });
    expect(said).toMatchObject({ status: 200, cost: '0.001' });
    expect(said.body).toEqual({ results: [{ index: 1, relevance_score: 0.68, document: { text: 'Tokyo', year: 1868 } }] });
    const [seen] = upstream.seen;
    expect(seen?.path).toBe('/rerank');
    expect(seen?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d+\/us-west-2\/bedrock\/aws4_request/);
    expect(seen?.body).toEqual({
      queries: [{ type: 'TEXT', textQuery: { text: 'capital of Japan' } }],
      sources: [
        { type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: 'Osaka' } } },
        { type: 'INLINE', inlineDocumentSource: { type: 'JSON', jsonDocument: { text: 'Tokyo', year: 1868 } } },
      ],
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: {
          numberOfResults: 2,
          modelConfiguration: { modelArn: 'arn:aws:bedrock:us-west-2::foundation-model/amazon.rerank-v1:0' },
        },
      },
    });
    expect(last()).toMatchObject({ usage: { searches: 1 }, usageEstimated: true });
  });
  it('takes an ARN as it is, with its region, and what the model knows besides', async () => {
    upstream.script(answer({ index: 0, relevanceScore: 1 }));
    expect(await ask({ model: 'arn', ...QUESTION, temperature: 1 })).toMatchObject({ status: 200, cost: '0.002', body: { results: [{ index: 0 }] } });
    expect(upstream.seen[0]?.headers.authorization).toContain('/eu-central-1/bedrock/');
    expect(upstream.seen[0]?.body.rerankingConfiguration).toMatchObject({
      bedrockRerankingConfiguration: {
        numberOfResults: 2,
        modelConfiguration: {
          modelArn: 'arn:aws:bedrock:eu-central-1::foundation-model/cohere.rerank-v3-5:0',
          additionalModelRequestFields: { temperature: 1 },
        },
      },
    });
    upstream.script({ status: 403, pieces: ['{"message":"You don\'t have access to the model"}'] });
    expect((await ask({ model: 'arn', ...QUESTION })).status).toBe(403);
  });
  it('is at AWS’s own host where nothing else is said', () => {
    const made = (cloud: Record<string, string>, upstreamModel = 'amazon.rerank-v1:0') => {
      const deployment = { ...(deployments()[2] as Deployment), cloud, upstreamModel };
      return providerOf(deployment).upstream(deployment, false);
    };
    expect(made({ aws_region_name: 'ap-northeast-1' }).origin).toBe('https://bedrock-agent-runtime.ap-northeast-1.amazonaws.com');
    const proxied = made({ aws_region_name: 'us-east-1', aws_bedrock_runtime_endpoint: 'https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com' });
    expect(proxied.origin).toBe('https://vpce-1.bedrock-agent-runtime.us-east-1.vpce.amazonaws.com');
  });
});

describe('a rerank by Vertex AI', () => {
  it('goes to Google’s ranking API and costs a query for each hundred documents', async () => {
    const records = [{ id: '0', score: 0.1 }, { id: '1', score: 0.9 }, { id: '2' }];
    upstream.script(TOKEN, { pieces: [JSON.stringify({ records })] });
    const documents = [...QUESTION.documents, { title: 'K', text: 'Kyoto' }, ...Array.from({ length: 98 }, (_, index) => `city ${index} of many more`)];
    const said = await ask({ model: 'google', query: QUESTION.query, documents, top_n: 3 });
    expect(said).toMatchObject({ status: 200, cost: '0.002' });
    expect(said.body).toMatchObject({
      results: [
        { index: 1, relevance_score: 0.9 },
        { index: 0, relevance_score: 0.1 },
        { index: 2, relevance_score: 0 },
      ],
      meta: { billed_units: { search_units: 2 } },
    });
    const seen = upstream.seen.at(-1);
    expect(seen?.path).toBe('/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank');
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer google-token', 'x-goog-user-project': 'p' });
    expect(seen?.body).toMatchObject({ model: 'semantic-ranker-default@latest', query: 'capital of Japan', topN: 3, ignoreRecordDetailsInResponse: true });
    expect((seen?.body.records as object[] | undefined)?.slice(0, 4)).toEqual([
      { id: '0', title: 'Osaka', content: 'Osaka' },
      { id: '1', title: 'Tokyo', content: 'Tokyo' },
      { id: '2', title: 'K', content: 'Kyoto' },
      { id: '3', title: 'city 0 of', content: 'city 0 of many more' },
    ]);
    expect(last()).toMatchObject({ usage: { searches: 2 }, usageEstimated: false });
    upstream.script({ pieces: ['{"records":[{"id":"nine","score":1}]}'] });
    expect((await ask({ model: 'google', ...QUESTION })).status).toBe(502);
  });
});

describe('every reranker with a language of its own', () => {
  it('is given nothing that a guard masks, and documents come back masked', async () => {
    const personal = { name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['pre_call', 'post_call']), defaultOn: true };
    const more = { failOpen: false, timeoutMs: 1_000, violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) };
    const guarded = await startTestGateway({ deployments: deployments(), guardrails: [{ ...personal, ...more } as unknown as GuardConfig] });
    guarded.key('sk-user');
    const body = {
      query: 'mail of jiro@secret.example.jp',
      documents: ['ask taro@secret.example.jp', { text: 'hanako@secret.example.jp' }],
      return_documents: true,
    };
    const answers = {
      voyage: [{ pieces: ['{"data":[{"index":0,"relevance_score":1}]}'] }],
      amazon: [{ pieces: ['{"results":[{"index":0,"relevanceScore":1}]}'] }],
      google: [TOKEN, { pieces: ['{"records":[{"id":"0","score":1}]}'] }],
    };
    for (const [model, script] of Object.entries(answers)) {
      upstream.script(...script);
      const masked = await ask({ model, ...body }, { gateway: guarded });
      expect(upstream.seen.at(-1)?.raw).not.toContain('secret.example.jp');
      expect(masked.body.results).toMatchObject([{ document: { text: 'ask <EMAIL_ADDRESS>' } }]);
    }
    expect(JSON.stringify(guarded.written)).not.toContain('secret.example.jp');
    await guarded.close();
  });
  it('is checked with a real rerank, or a real embedding', async () => {
    const check = createDeploymentCheck(() => test.deps.config, test.deps.settings);
    const at = (name: string) => deployments().find(({ modelName }) => modelName === name) as Deployment;
    upstream.script({ pieces: ['{}'] });
    expect((await check(at('amazon'), new AbortController().signal)).healthy).toBe(true);
    expect(upstream.seen[0]).toMatchObject({ path: '/rerank', body: { queries: [{ textQuery: { text: 'ping' } }] } });
    expect((await check(at('voyage-3'), new AbortController().signal)).healthy).toBe(true);
    expect(upstream.seen[1]).toMatchObject({ path: '/v1/embeddings', body: { model: 'voyage-3', input: ['ping'] } });
  });
  it('has the listed price of a model that is named by its ARN', () => {
    const [deployment] = deployments().filter(({ modelName }) => modelName === 'arn');
    const titan = { ...(deployment as Deployment), mode: 'embedding' as const, inputCostPerQuery: null };
    const priced = (upstreamModel: string) => createPrices().ofDeployment({ ...titan, upstreamModel } as Deployment);
    expect(priced('arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0')?.inputPicos).toBe(
      priced('amazon.titan-embed-text-v2:0')?.inputPicos,
    );
    expect(priced('arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3')).toBeNull();
  });
  it('ranks documents of the request alone, whatever an upstream says', () => {
    const asked = readRerank({ query: 'q', documents: ['a', { text: 'b' }] });
    fc.assert(
      fc.property(fc.array(fc.record({ index: fc.jsonValue(), score: fc.jsonValue() }), { maxLength: 5 }), (ranked) => {
        const isRight = ranked.every(({ index, score }) => (Object.is(index, -0) || index === 0 || index === 1) && typeof score === 'number');
        if (!isRight) expect(() => rankedList(ranked, asked, true)).toThrow();
        else expect(rankedList(ranked, asked, true)).toHaveLength(ranked.length);
      }),
    );
  });
  it('takes a question and documents, and refuses everything else with 400', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('query', 'documents', 'top_n', 'return_documents', 'x'), fc.jsonValue()), (body) => {
        try {
          const asked = readRerank(body);
          expect(asked.documents.length).toBeGreaterThan(0);
          expect(asked.topN ?? 1).toBeLessThanOrEqual(asked.documents.length);
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
    );
  });
});
