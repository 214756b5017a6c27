// A second project's keys, registered at run time with a key of their own: its calls become traces there. And the removal of all traces that the checks made.
import { randomBytes } from 'node:crypto';
import { call } from '#http.ts';
import { chat, createKey } from './calls.ts';
import { at, basic, type Check, describe, type Facts, failed, needs, passed, poll, type Target, waitOf } from './check.ts';

export const secondProject: Check = {
  id: 'second',
  title: 'verify.second',
  // Only LiteLLM takes a project's keys with a key; elsewhere nobody asks for it.
  applies: (target) => target.second !== null || target.buckets !== null,
  async run(target, facts) {
    const { second } = target;
    if (second === null) return needs('the keys of a second project (--second-public-key, --second-secret-key)');
    if (target.key === null || facts.call === null) return needs('the call above');
    const variables = { langfuse_public_key: second.publicKey, langfuse_secret_key: second.secretKey };
    const logging = [{ callback_name: 'langfuse', callback_type: 'success', callback_vars: variables }];
    const key = await createKey(target, facts, [facts.call.model], { metadata: { logging } });
    if (typeof key !== 'string') return failed(`a key could not be made: ${describe(key)}`);
    const traceId = randomBytes(16).toString('hex');
    const answer = await chat(target, key, facts.call.model, { trace_id: traceId, tags: ['verify'] });
    if (answer.status !== 200) return failed(describe(answer));
    const ids = [traceId, answer.headers.get('x-litellm-call-id')].filter((id) => id !== null);
    const found = await poll(waitOf(target, facts), async () => {
      for (const id of ids) {
        const trace = await call(`${target.observeUrl}/api/public/traces/${encodeURIComponent(id)}`, { headers: basic(second.publicKey, second.secretKey) });
        if (trace.status === 200) return String(at(trace.json, 'id'));
      }
      return null;
    });
    if (found === null) return failed(`not found in the second project by ${ids.join(' or ')}`);
    facts.traces.push({ id: found, ...second });
    return passed(`trace ${found} in the second project`);
  },
};

/** Removes the traces that the checks made; answers those that could not be removed. */
export async function removeTraces(target: Target, facts: Facts): Promise<string[]> {
  const left: string[] = [];
  for (const { id, publicKey, secretKey } of facts.traces) {
    const url = `${target.observeUrl}/api/public/traces/${encodeURIComponent(id)}`;
    const answer = await call(url, { method: 'DELETE', headers: basic(publicKey, secretKey) }).catch(() => null);
    if (answer === null || (answer.status >= 300 && answer.status !== 404)) left.push(`trace ${id}`);
  }
  return left;
}
