// A dry run of an evaluator in code over one stored observation: what it is given, what it would score, and where it fails. Nothing is written.
import type { Route, RouteContext } from '#http/route.ts';
import { fieldsOf, objectsOf, parsed, textOf } from '#lib/json.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { bodyOf } from '#observe/api/body.ts';
import { contextTextOf } from '#observe/code-evaluators/context.ts';
import { scoredBy } from '#observe/code-evaluators/score.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import { JUDGE_ENVIRONMENT } from '#observe/llm-connections/chat.ts';
import { type EvaluatorRouteParts, UNSTABLE, UNSTABLE_BASE } from './evaluator-routes.ts';
import { problem } from './problem.ts';
import { trialBody } from './schema.ts';
import { observationMaterial } from './targets.ts';

const SHOWN_CONTEXT = 20_000;

export function trialRoutes(parts: EvaluatorRouteParts & { ask: AskEngine }): Route[] {
  return [
    {
      ...UNSTABLE,
      method: 'POST',
      path: `${UNSTABLE_BASE}/evaluator-trials`,
      summary: 'Run an evaluator in code over one observation, without keeping anything',
      body: trialBody,
      handle: (context) => trial(parts, context),
    },
  ];
}

async function trial({ records, sandbox, ask }: EvaluatorRouteParts & { ask: AskEngine }, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, trialBody);
  if (sandbox === null) throw problem('evaluator_preflight_failed', 'Evaluators in code are switched off: start the platform with --code-evaluators on.');
  const named = body.observation ?? (await newest(ask, principal));
  const material = named === null ? null : await observationMaterial(ask, principal, named.traceId, named.id);
  if (named === null || material === null) throw problem('resource_not_found', 'There is no such observation: send a trace first, or name another one.');
  const scored = await scoredBy({ sandbox, records }, { source: body.sourceCode, projectId: projectOf(principal), material });
  const context = contextTextOf(material);
  return http.json({
    observation: { traceId: named.traceId, id: named.id },
    // A long one is text: cut, it is no JSON any more.
    context: context.length <= SHOWN_CONTEXT ? parsed(context) : `${context.slice(0, SHOWN_CONTEXT)}…`,
    ...('fault' in scored
      ? { scores: [], fault: { message: scored.fault.message, line: scored.fault.line }, cpuMs: null }
      : { scores: scored.scores, fault: null, cpuMs: Math.round(scored.cpuMs * 10) / 10 }),
  });
}

const LOOKS_BACK_MS = 7 * 86_400_000;

/** The newest observation of the last week that a rule could find. */
async function newest(ask: AskEngine, principal: RouteContext['principal']): Promise<{ traceId: string; id: string } | null> {
  const filter = JSON.stringify([{ type: 'stringOptions', column: 'environment', operator: 'none of', value: [JUDGE_ENVIRONMENT] }]);
  const query = new URLSearchParams({ fields: 'core,time', limit: '1', fromStartTime: new Date(Date.now() - LOOKS_BACK_MS).toISOString(), filter });
  const [row] = objectsOf(fieldsOf(await ask(principal, `/api/public/v2/observations?${query}`)).data);
  return row === undefined ? null : { traceId: textOf(row.traceId), id: textOf(row.id) };
}
