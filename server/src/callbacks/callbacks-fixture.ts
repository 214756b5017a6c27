// For tests: settled calls on a real journal, and a receiver that can be away, slow or unwilling.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallSettled } from '#call-record.ts';
import { createLog, type Log } from '#telemetry/log.ts';

/** A settled chat of half a cent. */
export function settledCall(id: string, fields: Partial<CallSettled> = {}): CallSettled {
  const callId = id.padStart(32, '0');
  return {
    callId,
    traceId: callId,
    spanId: callId.slice(16),
    parentSpanId: null,
    endpoint: 'chat',
    stream: false,
    startedAtUs: 1_795_000_000_000_000,
    endedAtUs: 1_795_000_001_500_000,
    firstTokenAtUs: null,
    model: 'gpt-4o-mini',
    outcome: 'success',
    httpStatus: 200,
    errorClass: null,
    errorMessage: null,
    path: {
      organizationId: 'org',
      costCentre: null,
      teamId: 'team-1',
      teamAlias: 'Sales 営業',
      keyId: 'a'.repeat(64),
      keyAlias: 'app',
      keyUserId: 'taro',
      projectId: 'project',
    },
    endUser: 'end-user-1',
    sessionId: 'session-1',
    traceName: null,
    tags: ['blue'],
    environment: null,
    release: null,
    version: null,
    metadata: '{"customer":"x"}',
    usage: { input: 8, output: 20, total: 30, cachedInput: 2 },
    usageEstimated: false,
    cost: '0.005',
    currency: 'USD',
    attempts: [
      {
        index: 0,
        deploymentId: 'dep-1',
        provider: 'openai',
        upstreamModel: 'gpt-4o-mini-2024',
        apiBase: 'https://api.example.com/v1',
        startedAtUs: 1_795_000_000_100_000,
        endedAtUs: 1_795_000_001_400_000,
        outcome: 'success',
        httpStatus: 200,
        errorClass: null,
        errorMessage: null,
        usage: { input: 8, output: 20, total: 30, cachedInput: 2 },
        usageEstimated: false,
        cost: '0.005',
        currency: 'USD',
        priceId: 'p',
      },
    ],
    content: 'full',
    answerFormat: 'json',
    ...fields,
  };
}

export const REQUEST = Buffer.from(JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'こんにちは' }], temperature: 0.2 }));
export const ANSWER = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    model: 'gpt-4o-mini-2024',
    choices: [{ index: 0, message: { role: 'assistant', content: 'やあ' }, finish_reason: 'stop' }],
  }),
);

export interface Received {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface TestReceiver {
  url: string;
  /** Accepted requests, in order. */
  received: Received[];
  /** Everything that was tried. */
  tries: number;
  /** What it answers from now on. */
  answer: { status: number; body: string; delayMs: number };
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<TestReceiver> {
  const state: TestReceiver = { url: '', received: [], tries: 0, answer: { status: 200, body: '{}', delayMs: 0 }, stop: async () => {} };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, body, delayMs } = state.answer;
      if (!request.url?.includes('/health')) state.tries += 1;
      const answer = (): void => {
        if (status < 300 && !request.url?.includes('/health')) {
          state.received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
        }
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      };
      if (delayMs === 0) answer();
      else setTimeout(answer, delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return state;
}

export const silentLog: Log = createLog({ level: 'error', stream: { write: () => {} } });

/** Waits until `look` is true. @throws after ten seconds. */
export async function until(look: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!look()) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
