// Data in the shapes of server/src/contract.ts for the fixture server: several models, keys, languages, failures and a nested agent run.
// biome-ignore-all lint/complexity: a list of made-up rows is long and branches on purpose; it is never shipped.
import type { ConsoleModels, ConsoleObservation, ConsoleOverview, ConsoleRequest, ConsoleSession, ConsoleTrace, ConsoleTraceRow } from '@genai/server/contract';
import type { VirtualKeyRow } from '#keys/key-values.ts';
import { whyFirst, whyLast } from './fixture-why.ts';

const MODELS = ['gpt-4o-mini', 'gpt-4o', 'demo', 'text-embedding-3-small'];
const KEYS = ['support-bot', 'search-team', 'batch-nightly', '営業アシスタント'];
const TEAMS = ['support', 'search', 'data', '営業部'];

/** A small repeatable random number in [0, 1). */
function random(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}

export function session(mustChangePassword: boolean, gateway: string): ConsoleSession {
  return {
    user: { id: 'u1', email: 'admin@example.com', name: 'Admin', role: 'admin', mustChangePassword },
    organization: { id: 'o1', name: 'Example Inc.' },
    projects: [
      { id: 'p1', name: 'Default project', publicKeys: ['pk-lf-1234'], role: 'admin' },
      { id: 'p2', name: 'RAG 検証', publicKeys: [], role: 'admin' },
    ],
    version: '0.1.0',
    timezone: 'Asia/Tokyo',
    doors: { gateway, observe: 'http://127.0.0.1:3000' },
  };
}

export function overview(from: number, to: number, empty: boolean): ConsoleOverview {
  const buckets = 48;
  const width = (to - from) / buckets;
  const series = Array.from({ length: buckets }, (_, index) => {
    const load = 40 + 30 * Math.sin(index / 6) + random(index) * 20;
    return {
      at: new Date(from + index * width).toISOString(),
      calls: Math.round(load),
      failures: random(index + 7) > 0.8 ? Math.round(random(index) * 6) : 0,
      cost: (load * 0.00312).toFixed(6),
      inputTokens: Math.round(load * 620),
      outputTokens: Math.round(load * 210),
    };
  });
  const calls = empty ? 0 : series.reduce((sum, bucket) => sum + bucket.calls, 0);
  const row = (name: string, index: number) => ({
    name,
    calls: Math.round(calls / (index + 1.6)),
    // The last name has no price, the one before only partly.
    cost: index > 2 ? '0' : (4.2 / (index + 1)).toFixed(4),
    unknownCostCalls: Math.round(index > 1 ? calls / (index + 1.6) / (4 - Math.min(index, 3)) : 0),
    tokens: Math.round(840_000 / (index + 1)),
  });
  return {
    totals: {
      calls,
      failures: empty ? 0 : 37,
      traces: empty ? 0 : calls - 12,
      inputTokens: 1_284_220,
      outputTokens: 410_933,
      cost: '6.041852',
      unknownCostCalls: empty ? 0 : 14,
      currency: 'USD',
    },
    latencyMs: { p50: 840, p95: 3120, p99: 8240 },
    firstTokenMs: { p50: 312, p95: 910 },
    bucketSeconds: width / 1000,
    series,
    byModel: MODELS.map(row),
    byKey: KEYS.map(row),
    byTeam: TEAMS.map(row),
  };
}

export function requests(now: number): ConsoleRequest[] {
  return Array.from({ length: 420 }, (_, index) => {
    const roll = random(index);
    const outcome = roll > 0.93 ? 'failure' : roll > 0.9 ? 'cancelled' : 'success';
    const model = MODELS[Math.floor(random(index + 3) * 3)] ?? 'demo';
    const fallback = random(index + 5) > 0.85;
    const error = outcome === 'failure' ? 'RateLimitError: The upstream answered 429 (call rate limit exceeded). Retry after 21 seconds.' : null;
    const input = Math.round(200 + random(index + 1) * 4000);
    return {
      callId: `019a${String(index).padStart(4, '0')}-7f21-7c3a-9b1e-${String(100_000_000_000 + index)}`,
      traceId: `019a${String(index).padStart(4, '0')}7f217c3a9b1e${String(100_000_000_000 + index)}`,
      projectId: 'p1',
      startedAt: new Date(now - index * 47_000 - roll * 20_000).toISOString(),
      model,
      provider: model === 'demo' ? 'demo' : 'azure',
      upstreamModel: model,
      outcome,
      httpStatus: outcome === 'failure' ? 429 : outcome === 'cancelled' ? 499 : 200,
      error,
      stream: random(index + 9) > 0.5,
      keyAlias: KEYS[index % 4] ?? null,
      keyName: 'sk-...9f2a',
      teamAlias: TEAMS[index % 4] ?? null,
      endUser: index % 3 === 0 ? `user-${index % 17}` : null,
      sessionId: index % 5 === 0 ? 'session-42' : null,
      inputTokens: outcome === 'failure' ? null : input,
      outputTokens: outcome === 'failure' ? null : Math.round(input / 3),
      usageEstimated: outcome === 'cancelled',
      cost: outcome === 'failure' ? '0' : model === 'demo' && index % 2 === 0 ? null : (input * 0.00000041).toFixed(9),
      currency: 'USD',
      priceId: model === 'demo' ? null : 'azure/gpt-4o-mini@2025-01',
      latencyMs: Math.round(300 + random(index + 2) * 4200),
      firstTokenMs: random(index + 9) > 0.5 ? Math.round(120 + random(index) * 600) : null,
      attempts: [
        ...(fallback
          ? [
              {
                index: 0,
                deploymentId: 'd-east',
                provider: 'azure',
                upstreamModel: model,
                outcome: 'failure',
                httpStatus: 429,
                error: 'RateLimitError: 429 from the upstream; retry-after 21 s is beyond the 10 s that are left.',
                cost: '0',
                latencyMs: 212,
                ...whyFirst(),
              },
            ]
          : []),
        {
          index: fallback ? 1 : 0,
          deploymentId: 'd-west',
          provider: model === 'demo' ? 'demo' : 'azure',
          upstreamModel: model,
          outcome,
          httpStatus: outcome === 'failure' ? 429 : 200,
          error,
          cost: null,
          latencyMs: 1240,
          ...whyLast(now, { fallback, priced: model !== 'demo' && outcome !== 'failure', input }),
        },
      ],
    };
  });
}

export function traces(now: number): ConsoleTraceRow[] {
  const names = ['support-agent', 'rag-answer', 'chat', 'litellm-acompletion', '議事録の要約'];
  return Array.from({ length: 260 }, (_, index) => ({
    id: `4bf92f3577b34da6a3ce929d${String(10_000_000 + index)}`,
    timestamp: new Date(now - index * 91_000).toISOString(),
    name: names[index % names.length] ?? null,
    userId: index % 2 === 0 ? `user-${index % 23}` : null,
    sessionId: index % 3 === 0 ? `session-${index % 9}` : null,
    environment: index % 4 === 0 ? 'production' : 'default',
    tags: index % 5 === 0 ? ['beta', 'ja'] : index % 7 === 0 ? ['rag'] : [],
    inputPreview: index % 2 === 0 ? 'What is the refund policy for orders that were delivered late?' : '先週の会議の議事録を三行で要約してください。',
    outputPreview:
      index % 9 === 0
        ? null
        : index % 2 === 0
          ? 'Orders that arrive more than five days late can be refunded in full.'
          : '一、新しい料金表を四月から適用する。二、…',
    observations: 1 + (index % 12),
    errors: index % 9 === 0 ? 1 : 0,
    latencyMs: Math.round(500 + random(index) * 9000),
    totalTokens: Math.round(400 + random(index) * 6000),
    totalCost: index % 11 === 0 ? null : (random(index) * 0.004).toFixed(8),
  }));
}

interface Draft {
  id: string;
  parentId?: string;
  type: string;
  name: string;
  at: number;
  for: number | null;
}

export function trace(now: number, id: string): ConsoleTrace {
  const start = now - 120_000;
  const make = (draft: Draft, extra: Partial<ConsoleObservation> = {}): ConsoleObservation => ({
    id: draft.id,
    parentId: draft.parentId ?? null,
    type: draft.type,
    name: draft.name,
    level: 'DEFAULT',
    statusMessage: null,
    startTime: new Date(start + draft.at).toISOString(),
    endTime: draft.for === null ? null : new Date(start + draft.at + draft.for).toISOString(),
    latencyMs: draft.for,
    firstTokenMs: null,
    model: null,
    modelParameters: null,
    usage: {},
    totalCost: null,
    costCountedElsewhere: false,
    input: null,
    output: null,
    metadata: {},
    keyAlias: null,
    promptName: null,
    promptVersion: null,
    ...extra,
  });
  const question = {
    messages: [
      { role: 'system', content: 'You are a support agent of Example Inc. Answer in the language of the customer.' },
      { role: 'user', content: '注文番号 1042 の配送が遅れています。返金できますか？' },
    ],
  };
  const call = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look_up_order', arguments: '{"order_id":1042,"fields":["status","delivered_at"]}' } }],
  };
  const answer = {
    choices: [
      {
        message: {
          role: 'assistant',
          content:
            'ご不便をおかけしております。ご注文 1042 は予定より 6 日遅れて到着しましたので、全額返金の対象です。\n\n1. マイページの「注文履歴」を開く\n2. 注文 1042 の「返金を申請」を選ぶ\n\n三営業日以内にご返金いたします。',
        },
      },
    ],
  };
  const tools = [
    {
      type: 'function',
      function: {
        name: 'look_up_order',
        description: 'Finds an order by its number',
        parameters: { type: 'object', properties: { order_id: { type: 'integer' } } },
      },
    },
  ];
  const generation = { model: 'gpt-4o-mini', modelParameters: { temperature: 0.2, max_tokens: 800 }, keyAlias: 'support-bot' };
  const observations = [
    make(
      { id: 'a1', type: 'AGENT', name: 'support-agent', at: 0, for: 4820 },
      { input: JSON.stringify(question), output: JSON.stringify(answer), metadata: { route: 'refund', attempt: 1, flags: ['beta', 'ja'] } },
    ),
    make(
      { id: 'r1', parentId: 'a1', type: 'RETRIEVER', name: 'policy-search', at: 40, for: 610 },
      {
        input: '"refund late delivery"',
        output: JSON.stringify([
          { title: 'Refunds', score: 0.91, text: 'Orders that arrive more than five days late…' },
          { title: 'Delivery', score: 0.77, text: 'We deliver in three days.' },
        ]),
      },
    ),
    make(
      { id: 'e1', parentId: 'r1', type: 'EMBEDDING', name: 'embed-query', at: 60, for: 180 },
      { model: 'text-embedding-3-small', usage: { input: 12, total: 12 }, totalCost: '0.00000024' },
    ),
    make(
      { id: 'g1', parentId: 'a1', type: 'GENERATION', name: 'plan', at: 660, for: 1240 },
      {
        ...generation,
        firstTokenMs: 420,
        usage: { input: 812, output: 44, total: 856 },
        totalCost: '0.00014820',
        input: JSON.stringify({ ...question, tools }),
        output: JSON.stringify({ choices: [{ message: call }] }),
      },
    ),
    make(
      { id: 't1', parentId: 'a1', type: 'TOOL', name: 'look_up_order', at: 1910, for: 640 },
      { level: 'ERROR', statusMessage: 'TimeoutError: the order service did not answer within 600 ms', input: '{"order_id":1042}' },
    ),
    make(
      { id: 't2', parentId: 'a1', type: 'TOOL', name: 'look_up_order (retry)', at: 2560, for: 310 },
      { input: '{"order_id":1042}', output: '{"status":"delivered","delivered_at":"2026-11-20","days_late":6}' },
    ),
    make(
      { id: 'g2', parentId: 'a1', type: 'GENERATION', name: 'answer', at: 2890, for: 1900 },
      {
        ...generation,
        firstTokenMs: 380,
        usage: { input: 1204, output: 162, total: 1366 },
        totalCost: '0.00027780',
        promptName: 'support-answer',
        promptVersion: 7,
        input: JSON.stringify({
          messages: [...question.messages, call, { role: 'tool', tool_call_id: 'call_1', content: '{"status":"delivered","days_late":6}' }],
          tools,
        }),
        output: JSON.stringify(answer),
      },
    ),
    make(
      { id: 'g3', parentId: 'g2', type: 'GENERATION', name: 'litellm-acompletion', at: 2920, for: 1850 },
      { ...generation, usage: { input: 1204, output: 162, total: 1366 }, totalCost: '0.00027780', costCountedElsewhere: true },
    ),
    make(
      { id: 'v1', parentId: 'a1', type: 'EVALUATOR', name: 'tone-check', at: 4795, for: 25 },
      { level: 'WARNING', statusMessage: 'No judge model is set; rules only.' },
    ),
    make({ id: 's1', type: 'SPAN', name: 'save-transcript', at: 4830, for: null }),
  ];
  const row = traces(now)[0] as ConsoleTraceRow;
  return {
    trace: {
      ...row,
      id,
      name: 'support-agent',
      userId: 'user-7',
      sessionId: 'session-3',
      tags: ['beta', 'ja'],
      latencyMs: 4830,
      observations: observations.length,
      errors: 1,
      totalTokens: 2234,
      totalCost: '0.00042624',
      input: JSON.stringify(question),
      output: JSON.stringify(answer),
      metadata: { customer: { plan: 'pro', region: 'ap-northeast-1' } },
      release: '2026.11',
      version: null,
      public: false,
    },
    observations,
    scores: [
      {
        id: 'sc1',
        name: 'helpfulness',
        source: 'API',
        dataType: 'NUMERIC',
        value: 0.92,
        stringValue: null,
        comment: 'Answers the question and names the next step.',
        observationId: null,
        timestamp: new Date(start + 6000).toISOString(),
      },
      {
        id: 'sc2',
        name: 'tone',
        source: 'EVAL',
        dataType: 'CATEGORICAL',
        value: null,
        stringValue: 'polite',
        comment: null,
        observationId: 'g2',
        timestamp: new Date(start + 7000).toISOString(),
      },
    ],
  };
}

export function models(): ConsoleModels {
  const deployment = (id: string, provider: string, upstreamModel: string, ready: boolean, problem: string | null, prices: [string | null, string | null]) => ({
    id,
    provider,
    upstreamModel,
    apiBase: provider === 'demo' ? null : `https://${id}.openai.azure.com`,
    mode: 'chat',
    ready,
    problem,
    inputCostPerMillion: prices[0],
    outputCostPerMillion: prices[1],
    priceId: null,
  });
  return {
    data: [
      {
        name: 'gpt-4o-mini',
        deployments: [
          deployment('east', 'azure', 'gpt-4o-mini', true, null, ['0.15', '0.6']),
          deployment('west', 'azure', 'gpt-4o-mini-2024-07-18', false, 'AZURE_API_KEY is not set', ['0.15', '0.6']),
        ],
      },
      { name: 'gpt-4o', deployments: [deployment('openai', 'openai', 'gpt-4o', false, 'OPENAI_API_KEY is not set', ['2.5', '10'])] },
      { name: 'demo', deployments: [deployment('demo', 'demo', 'demo', true, null, [null, null])] },
    ],
  };
}

export function keyRows(): VirtualKeyRow[] {
  const row = (index: number, alias: string, extra: Partial<VirtualKeyRow>): VirtualKeyRow => ({
    token: `token-${index}`,
    key_name: `sk-...${(0x9f2a + index * 77).toString(16)}`,
    key_alias: alias,
    spend: 0,
    max_budget: null,
    models: [],
    rpm_limit: null,
    tpm_limit: null,
    max_parallel_requests: null,
    team_id: null,
    team_alias: null,
    user_id: null,
    blocked: false,
    expires: null,
    created_at: new Date(Date.now() - index * 86_400_000).toISOString(),
    ...extra,
  });
  return [
    row(0, 'support-bot', {
      spend: 12.4182,
      max_budget: 50,
      models: ['gpt-4o-mini'],
      rpm_limit: 120,
      max_parallel_requests: 8,
      team_id: 'support',
      team_alias: 'support',
    }),
    row(1, 'search-team', { spend: 88.9, max_budget: 100, models: ['gpt-4o-mini', 'gpt-4o', 'openai/*'], tpm_limit: 200_000, team_id: 'search' }),
    row(2, 'batch-nightly', { spend: 20.01, max_budget: 20, expires: new Date(Date.now() + 30 * 86_400_000).toISOString() }),
    row(3, '営業アシスタント', { spend: 0.00042, team_alias: '営業部', user_id: 'tanaka' }),
    row(4, 'old-demo', { spend: 3, blocked: true }),
    row(5, 'trial', { spend: 0, max_budget: 1, expires: '2025-01-01T00:00:00Z' }),
  ];
}
