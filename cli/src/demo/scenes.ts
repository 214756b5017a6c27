// The scenes of the demo, each played through the real doors. A scene counts what it did; a refusal is counted with its reason, never hidden.
import { type Answer, call } from '#http.ts';
import { at, basic, bearer } from '#verify/check.ts';
import type { Member } from './crew.ts';
import { type AgentTrace, newSpanId, newTraceId, type Span, toIngestionBatch, toOtlp } from './telemetry.ts';
import { CONVERSATIONS, type Conversation, QUESTIONS, type Question, STREAMED } from './texts.ts';

/** The starter configuration's model whose server is away and that has a fallback. */
export const AWAY_MODEL = 'demo-away';

export interface Stage {
  gatewayUrl: string;
  observeUrl: string;
  /** Null: nothing is sent to the observability door. */
  project: { publicKey: string; secretKey: string } | null;
  crew: Member[];
  models: string[];
  /** Makes session ids of this run unique. */
  run: string;
  tally: Tally;
}

interface Tally {
  calls: number;
  failures: number;
  traces: number;
  scores: number;
  /** What was refused, with how often. */
  problems: Map<string, number>;
}

export interface Scene {
  name: string;
  play(stage: Stage, round: number): Promise<void>;
}

interface Asked {
  member: Member;
  model: string;
  messages: { role: string; content: string }[];
  headers?: Record<string, string>;
  extra?: Record<string, unknown>;
  /** A failure is what the scene wants to show. */
  failureWanted?: boolean;
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}

async function ask(stage: Stage, asked: Asked): Promise<{ content: string; traceId: string | null }> {
  const answer = await call(`${stage.gatewayUrl}/v1/chat/completions`, {
    body: { model: asked.model, messages: asked.messages, ...asked.extra },
    headers: { ...bearer(asked.member.key), ...asked.headers },
    timeoutMs: 120_000,
  });
  stage.tally.calls += 1;
  if (answer.status !== 200) {
    stage.tally.failures += 1;
    if (asked.failureWanted !== true) noteProblem(stage, `chat with ${asked.model}`, answer);
  }
  const callId = answer.headers.get('x-litellm-call-id');
  return { content: String(at(answer.json, 'choices', 0, 'message', 'content') ?? ''), traceId: callId === null ? null : callId.replaceAll('-', '') };
}

function noteProblem(stage: Stage, what: string, answer: Answer): void {
  const key = `${what}: HTTP ${answer.status}`;
  stage.tally.problems.set(key, (stage.tally.problems.get(key) ?? 0) + 1);
}

async function observe(stage: Stage, path: string, body: unknown): Promise<boolean> {
  if (stage.project === null) return false;
  const answer = await call(`${stage.observeUrl}${path}`, { body, headers: basic(stage.project.publicKey, stage.project.secretKey) });
  const errors = at(answer.json, 'errors');
  const good = answer.status < 300 && !(Array.isArray(errors) && errors.length > 0);
  if (!good) noteProblem(stage, path, answer);
  return good;
}

async function score(stage: Stage, traceId: string | null, value: { name: string; value: number | string; dataType: string; comment?: string }): Promise<void> {
  if (traceId !== null && (await observe(stage, '/api/public/scores', { traceId, environment: 'demo', ...value }))) stage.tally.scores += 1;
}

/** One conversation of several turns: the same session, the whole history in each call. */
async function converse(stage: Stage, conversation: Conversation, round: number): Promise<void> {
  const member = pick(stage.crew, round);
  const model = pick(member.models, round);
  const session = `${conversation.name}-${stage.run}-${round}`;
  const messages: { role: string; content: string }[] = [];
  let last: string | null = null;
  for (const turn of conversation.turns) {
    messages.push({ role: 'user', content: turn });
    const extra = { user: conversation.user, metadata: { session_id: session, trace_name: conversation.name, tags: conversation.tags } };
    const { content, traceId } = await ask(stage, { member, model, messages, headers: { 'x-litellm-session-id': session }, extra });
    messages.push({ role: 'assistant', content });
    last = traceId;
  }
  await score(stage, last, { name: 'user-feedback', value: round % 4 === 3 ? 0 : 1, dataType: 'BOOLEAN', comment: round % 2 === 0 ? '役に立った' : 'helpful' });
}

/** An agent that looks things up, calculates and answers; its model calls hang under its own spans by traceparent. */
async function runAgent(stage: Stage, question: Question, round: number, form: 'otlp' | 'ingestion'): Promise<void> {
  const member = pick(stage.crew, round);
  const traceId = newTraceId();
  const [root, plan, retrieve, tool, answer] = [newSpanId(), newSpanId(), newSpanId(), newSpanId(), newSpanId()] as const;
  const startMs = Date.now();
  const under = (spanId: string, content: string): Asked => ({
    member,
    model: pick(member.models, round),
    messages: [{ role: 'user', content }],
    headers: { traceparent: `00-${traceId}-${spanId}-01` },
    extra: { user: question.user },
  });
  const planned = await ask(stage, under(plan, `Which documents answer this? ${question.question}`));
  const plannedMs = Date.now();
  const final = await ask(stage, under(answer, `${question.documents.map((document) => document.text).join('\n')}\n\n${question.question}`));
  const endMs = Date.now();
  const span = (spanId: string, parentSpanId: string | null, more: Omit<Span, 'spanId' | 'parentSpanId'>): Span => ({ spanId, parentSpanId, ...more });
  const spans: Span[] = [
    span(root, null, { name: 'handbook-agent', type: 'agent', startMs, endMs, input: { question: question.question }, output: { answer: final.content } }),
    span(plan, root, { name: 'plan', type: 'chain', startMs, endMs: plannedMs, input: question.question, output: planned.content }),
    span(retrieve, root, {
      name: 'search-handbook',
      type: 'retriever',
      startMs: plannedMs,
      endMs: plannedMs,
      input: question.question,
      output: question.documents,
    }),
    span(tool, retrieve, {
      name: 'calculator',
      type: 'tool',
      startMs: plannedMs,
      endMs: plannedMs,
      input: question.calculation.expression,
      output: question.calculation.result,
    }),
    span(answer, root, { name: 'answer', type: 'chain', startMs: plannedMs, endMs, input: question.question, output: final.content }),
  ];
  const trace: AgentTrace = { traceId, name: 'handbook-agent', userId: question.user, sessionId: `agent-${stage.run}`, tags: ['agent', 'rag'], spans };
  const sent =
    form === 'otlp'
      ? await observe(stage, '/api/public/otel/v1/traces', toOtlp(trace))
      : await observe(stage, '/api/public/ingestion', toIngestionBatch(trace));
  if (!sent) return;
  stage.tally.traces += 1;
  await score(stage, traceId, { name: 'groundedness', value: 0.7 + (round % 4) / 10, dataType: 'NUMERIC' });
  await score(stage, traceId, { name: 'answer-quality', value: pick(['good', 'good', 'incomplete'], round), dataType: 'CATEGORICAL' });
}

async function stream(stage: Stage, round: number): Promise<void> {
  const { user, text } = pick(STREAMED, round);
  const member = pick(stage.crew, round);
  const extra = { user, stream: true, stream_options: { include_usage: true }, metadata: { trace_name: 'streamed-answer', tags: ['stream'] } };
  await ask(stage, { member, model: pick(member.models, round), messages: [{ role: 'user', content: text }], extra });
}

/** A model whose server is away, answered by its fallback where one is configured; and a model that nobody offers. */
async function fail(stage: Stage, round: number): Promise<void> {
  const [member] = stage.crew as [Member];
  const away = stage.models.find((name) => name === AWAY_MODEL);
  const fallback = pick(member.models, round);
  const messages = [{ role: 'user', content: 'フォールバックを確認します。 What happens when the first model does not answer?' }];
  if (away !== undefined)
    await ask(stage, {
      member,
      model: away,
      messages,
      extra: { user: 'alice', fallbacks: [fallback], metadata: { trace_name: 'fallback', tags: ['fallback'] } },
    });
  await ask(stage, { member, model: 'no-such-model', messages, extra: { user: 'bob' }, failureWanted: true });
}

/** One round of the demo; `round` counts up, so that people, keys and models take turns. */
export const SCENES: readonly Scene[] = [
  { name: 'chat', play: (stage, round) => converse(stage, pick(CONVERSATIONS, 2 * round), 2 * round) },
  { name: 'agent', play: (stage, round) => runAgent(stage, pick(QUESTIONS, round), round, 'otlp') },
  { name: 'stream', play: stream },
  { name: 'chat', play: (stage, round) => converse(stage, pick(CONVERSATIONS, 2 * round + 1), 2 * round + 1) },
  { name: 'agent', play: (stage, round) => runAgent(stage, pick(QUESTIONS, round + 1), round + 1, 'ingestion') },
  { name: 'failure', play: fail },
];
