// Checks of the gateway: models, a call with a fresh key, the refusal of another model, and the call in the request log.
import { randomBytes } from 'node:crypto';
import { FIRST_MESSAGE } from '#first-run.ts';
import { type Answer, call } from '#http.ts';
import { at, bearer, type Check, describe, type Facts, failed, needs, type Outcome, passed, poll, type Target, waitOf } from './check.ts';

const CALL_TIMEOUT_MS = 120_000;

export const models: Check = {
  id: 'models',
  title: 'verify.models',
  async run(target, facts) {
    if (target.key === null) return needs('--key (the master key)');
    const answer = await call(`${target.gatewayUrl}/v1/models`, { headers: bearer(target.key) });
    const data = at(answer.json, 'data');
    if (answer.status !== 200 || !Array.isArray(data)) return failed(describe(answer));
    facts.models = data.map((entry: unknown) => at(entry, 'id')).filter((id) => typeof id === 'string');
    return facts.models.length === 0
      ? failed('the list is empty: add a model to the configuration')
      : passed(facts.models.slice(0, 8).join(', ') + (facts.models.length > 8 ? ' ...' : ''));
  },
};

export const freshKeyCall: Check = {
  id: 'call',
  title: 'verify.call',
  async run(target, facts) {
    if (target.key === null) return needs('--key (the master key)');
    const candidates = target.model === null ? await modelsByReadiness(target, facts) : [target.model];
    let outcome = needs('a model (--model NAME)');
    for (const model of candidates) {
      const made = await callOnce(target, facts, model);
      outcome = made.outcome;
      // Only a model that lacks its credentials gives way to the next; any other failure is a finding.
      if (!made.lacksCredentials) break;
    }
    return outcome;
  },
};

async function callOnce(target: Target, facts: Facts, model: string): Promise<{ outcome: Outcome; lacksCredentials: boolean }> {
  const created = await createKey(target, facts, [model]);
  if (typeof created !== 'string') return { outcome: failed(`a key could not be made: ${describe(created)}`), lacksCredentials: false };
  const traceId = randomBytes(16).toString('hex');
  const startedAtMs = Date.now();
  const answer = await chat(target, created, model, { trace_id: traceId, tags: ['verify'] });
  if (answer.status !== 200 || typeof at(answer.json, 'choices', 0, 'message', 'content') !== 'string') {
    return {
      outcome: failed(`${model}: ${describe(answer)}`),
      lacksCredentials: answer.status === 401 && /The deployment of .* cannot answer/.test(answer.text),
    };
  }
  const responseId = at(answer.json, 'id');
  const callId = answer.headers.get('x-litellm-call-id');
  facts.call = { model, callId, responseId: typeof responseId === 'string' ? responseId : null, traceId, startedAtMs };
  return { outcome: passed(`${model} answered, call ${callId ?? facts.call.responseId ?? 'without id'}`), lacksCredentials: false };
}

/** Real models before demo models; those whose every deployment is known to lack something last. Wildcards name no model. */
async function modelsByReadiness(target: Target, facts: Facts): Promise<string[]> {
  const info = await call(`${target.gatewayUrl}/model/info`, { headers: bearer(target.key ?? '') });
  const data = at(info.json, 'data');
  const entries: unknown[] = Array.isArray(data) ? data : [];
  const ready = new Set(entries.filter((entry) => typeof at(entry, 'model_info', 'problem') !== 'string').map((entry) => at(entry, 'model_name')));
  const rank = (name: string): number => (name.startsWith('demo') ? 1 : 0) + (entries.length > 0 && !ready.has(name) ? 2 : 0);
  return facts.models.filter((name) => !name.includes('*')).toSorted((first, second) => rank(first) - rank(second));
}

/** A key that dies by itself after ten minutes; the refusing answer when none could be made. */
export async function createKey(target: Target, facts: Facts, allowed: string[], extra: Record<string, unknown> = {}): Promise<string | Answer> {
  const alias = `genai-verify-${randomBytes(6).toString('hex')}`;
  const answer = await call(`${target.gatewayUrl}/key/generate`, {
    body: { models: allowed, duration: '10m', key_alias: alias, ...extra },
    headers: bearer(target.key ?? ''),
  });
  const key = at(answer.json, 'key');
  if (answer.status !== 200 || typeof key !== 'string') return answer;
  facts.temporaryKeys.push({ key, alias });
  return key;
}

export function chat(target: Target, key: string, model: string, metadata: Record<string, unknown> = {}): Promise<Answer> {
  const body = { model, messages: [{ role: 'user', content: FIRST_MESSAGE }], user: 'genai-verify', metadata };
  return call(`${target.gatewayUrl}/v1/chat/completions`, { body, headers: bearer(key), timeoutMs: CALL_TIMEOUT_MS });
}

export const refusal: Check = {
  id: 'refusal',
  title: 'verify.refusal',
  async run(target, facts) {
    if (target.key === null) return needs('--key (the master key)');
    const [model, other] = [facts.call?.model ?? facts.models[0], facts.models.find((name) => name !== facts.call?.model && !name.includes('*'))];
    if (model === undefined) return needs('a listed model');
    // With one model only, a key for a model that does not exist serves the same end.
    const allowed = other === undefined ? 'genai-verify-no-such-model' : model;
    const asked = other ?? model;
    const created = await createKey(target, facts, [allowed]);
    if (typeof created !== 'string') return failed(`a key could not be made: ${describe(created)}`);
    const answer = await chat(target, created, asked);
    const refused = (answer.status === 401 || answer.status === 403) && /model_access_denied|not allowed to access model/i.test(answer.text);
    return refused
      ? passed(`a key for ${allowed} was refused ${asked} with HTTP ${answer.status}`)
      : failed(`a key for ${allowed} asked ${asked}: ${describe(answer)}`);
  },
};

export const requestLog: Check = {
  id: 'log',
  title: 'verify.log',
  async run(target, facts) {
    const { call: made } = facts;
    if (made === null || target.key === null) return needs('the call above');
    // LiteLLM files a call under the upstream's response id where there is one.
    const ids = [made.callId, made.responseId].filter((id) => id !== null);
    const headers = bearer(target.key);
    let last = 'no row';
    const row = await poll(waitOf(target, facts), async () => {
      for (const id of ids) {
        const answer = await call(`${target.gatewayUrl}/spend/logs?request_id=${encodeURIComponent(id)}`, { headers });
        const rows = Array.isArray(answer.json) ? answer.json : at(answer.json, 'data');
        const found: unknown = Array.isArray(rows) ? rows.find((entry: unknown) => ids.includes(String(at(entry, 'request_id')))) : undefined;
        if (found !== undefined) return found;
        if (answer.status !== 200) last = describe(answer);
      }
      return null;
    });
    return row === null
      ? failed(`not found by ${ids.join(' or ')}: ${last}`)
      : passed(`spend ${String(at(row, 'spend') ?? 'unknown')}, ${String(at(row, 'total_tokens') ?? '?')} tokens`);
  },
};

/** Removes the temporary keys; answers the aliases of those that could not be removed. */
export async function removeTemporaryKeys(target: Target, facts: Facts): Promise<string[]> {
  const left: string[] = [];
  for (const { key, alias } of facts.temporaryKeys) {
    const answer = await call(`${target.gatewayUrl}/key/delete`, { body: { keys: [key] }, headers: bearer(target.key ?? '') }).catch(() => null);
    if (answer?.status !== 200) left.push(alias);
  }
  return left;
}
