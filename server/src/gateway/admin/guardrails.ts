// /guardrails/list and trying a guard on a text.
import { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { adminRoute, badRequest, notFound } from './admin-route.ts';
import type { AdminDeps } from './deps.ts';

const applyBody = z.looseObject({
  guardrail_name: z.string().min(1).max(800),
  text: z.string().max(1_000_000),
  input_type: z.enum(['request', 'response']).default('request'),
});
const TRY_TIMEOUT_MS = 30_000;

export function guardrailRoutes(deps: AdminDeps): Route[] {
  const own = { access: ['master', 'user-admin', 'virtual-key'] } as const;
  const list = { method: 'GET', ...own, summary: 'Guardrails of the configuration', handle: async () => Response.json({ guardrails: listed(deps) }) } as const;
  const apply = {
    method: 'POST',
    ...own,
    summary: 'Try a guardrail on a text',
    body: applyBody,
    handle: (context: RouteContext) => tryGuard(deps, context),
  } as const;
  return [
    adminRoute({ ...list, path: '/guardrails/list' }),
    adminRoute({ ...list, path: '/v2/guardrails/list' }),
    adminRoute({ ...apply, path: '/guardrails/apply_guardrail' }),
    adminRoute({ ...apply, path: '/apply_guardrail' }),
  ];
}

/** What may be told: no keys, no addresses, no patterns. */
function listed(deps: AdminDeps): Record<string, unknown>[] {
  return deps.config().guardrails.map(({ name, provider, modes, defaultOn }) => ({
    guardrail_id: name,
    guardrail_name: name,
    litellm_params: { guardrail: provider, mode: [...modes], default_on: defaultOn },
    guardrail_info: null,
    guardrail_definition_location: 'config',
  }));
}

async function tryGuard(deps: AdminDeps, { http, principal }: RouteContext): Promise<Response> {
  const { guardrail_name: name, text, input_type: type } = await readJson(http, applyBody);
  const guard = deps.guard(name);
  if (guard === null) throw notFound(`Guardrail ${name} not found. GET /guardrails/list lists them.`, 'guardrail_name');
  const key = principal.kind === 'virtual-key' ? principal.key : null;
  const call = {
    callId: '',
    traceId: '',
    model: '',
    callType: 'apply_guardrail',
    keyHash: key?.id ?? '',
    keyAlias: key?.alias ?? null,
    teamId: key?.teamId ?? null,
    userId: key?.userId ?? null,
    endUser: null,
  };
  const message = { role: type === 'request' ? 'user' : 'assistant', content: text };
  const body = type === 'request' ? { messages: [message] } : { choices: [{ index: 0, message }] };
  const verdict = await guard.inspect({ kind: type === 'request' ? 'request' : 'answer', texts: [text], body, call }, AbortSignal.timeout(TRY_TIMEOUT_MS));
  if (verdict.refusal !== null) throw badRequest(`Violated guardrail policy: ${name}: ${verdict.refusal}`, 'text');
  return Response.json({ response_text: verdict.texts?.[0] ?? text });
}
