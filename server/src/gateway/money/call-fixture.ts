// For tests: calls as the data plane writes them down.
import type { CallSettled, CallStarted, OrganisationPath } from '#call-record.ts';
import { newCallId, spanIdOf } from '#lib/id.ts';

export const KEY_ID = 'a'.repeat(64);

export function organisationPath(fields: Partial<OrganisationPath> = {}): OrganisationPath {
  return {
    organizationId: 'org',
    costCentre: 'CC-1',
    teamId: null,
    teamAlias: null,
    keyId: KEY_ID,
    keyAlias: 'app',
    keyUserId: 'alice',
    projectId: 'project',
    ...fields,
  };
}

export function startedCall(fields: Partial<CallStarted> = {}): CallStarted {
  return {
    callId: newCallId(),
    attempt: 0,
    startedAtUs: Date.now() * 1000,
    model: 'gpt-4o-mini',
    deploymentId: 'd1',
    provider: 'openai',
    upstreamModel: 'gpt-4o-mini',
    reserved: '0.001',
    currency: 'USD',
    priceId: 'price-1',
    path: organisationPath(),
    ...fields,
  };
}

/** The end of a call that began: one successful attempt at `cost`. */
export function settledCall(started: CallStarted, cost: string | null, fields: Partial<CallSettled> = {}): CallSettled {
  const endedAtUs = started.startedAtUs + 250_000;
  const usage = { input: 9, output: 12, total: 21 };
  return {
    callId: started.callId,
    traceId: started.callId,
    spanId: spanIdOf(started.callId),
    parentSpanId: null,
    endpoint: 'chat',
    stream: false,
    startedAtUs: started.startedAtUs,
    endedAtUs,
    firstTokenAtUs: null,
    model: started.model,
    outcome: 'success',
    httpStatus: 200,
    errorClass: null,
    errorMessage: null,
    path: started.path,
    endUser: null,
    sessionId: null,
    traceName: null,
    tags: [],
    environment: null,
    release: null,
    version: null,
    metadata: null,
    usage,
    usageEstimated: false,
    cost,
    currency: 'USD',
    attempts: [
      {
        index: started.attempt,
        deploymentId: started.deploymentId,
        provider: started.provider,
        upstreamModel: started.upstreamModel,
        apiBase: 'https://api.openai.com/v1',
        startedAtUs: started.startedAtUs,
        endedAtUs,
        outcome: 'success',
        httpStatus: 200,
        errorClass: null,
        errorMessage: null,
        usage,
        usageEstimated: false,
        cost,
        currency: 'USD',
        priceId: started.priceId,
      },
    ],
    content: 'full',
    answerFormat: 'json',
    ...fields,
  };
}
