// Evaluators by Langfuse's unstable API: GET, POST /unstable/evaluators, GET, DELETE /{id}; and this platform's templates and default model.
import { randomUUID } from 'node:crypto';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf } from '#observe/api/body.ts';
import { CODE_VARIABLES } from '#observe/code-evaluators/context.ts';
import type { CodeSandbox } from '#observe/code-evaluators/port.ts';
import { sourceFault } from '#observe/code-evaluators/score.ts';
import { pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import { adapterProblem, GATEWAY_PROVIDER } from '#observe/llm-connections/chat.ts';
import { connectionOf } from '#observe/llm-connections/connections.ts';
import type { Records } from '#stores/records/port.ts';
import { judgeTemplates } from './built-in-judges.ts';
import {
  defaultModelOf,
  deleteEvaluator,
  type EvaluatorRow,
  evaluatorById,
  evaluatorsByName,
  listEvaluators,
  type NewVersion,
  putDefaultModel,
  putEvaluator,
} from './evaluators-sql.ts';
import { checkMapping } from './mapping.ts';
import { problem } from './problem.ts';
import { variablesOf } from './prompt.ts';
import { tellEvaluation } from './rules-sql.ts';
import { type CodeBody, type EvaluatorBody, evaluatorBody, type JudgeBody, pageOf, settingsBody } from './schema.ts';

export const UNSTABLE = { surface: 'observe', dialect: 'langfuse-unstable', access: ['project-key'] } as const;
export const UNSTABLE_BASE = '/api/public/unstable';

export interface EvaluatorRouteParts {
  records: Records;
  /** Null where evaluators in code are switched off. */
  sandbox: CodeSandbox | null;
}

export function evaluatorRoutes(parts: EvaluatorRouteParts): Route[] {
  const { records } = parts;
  const path = `${UNSTABLE_BASE}/evaluators`;
  const settings = `${UNSTABLE_BASE}/evaluation-settings`;
  return [
    { ...UNSTABLE, method: 'GET', path, summary: 'List evaluators in their newest version', query: pageOf, handle: (context) => list(records, context) },
    {
      ...UNSTABLE,
      method: 'POST',
      path,
      summary: 'Create an evaluator, or its next version',
      body: evaluatorBody,
      handle: (context) => create(parts, context),
    },
    { ...UNSTABLE, method: 'GET', path: `${path}/:evaluatorId`, summary: 'Get an evaluator', handle: (context) => get(records, context) },
    {
      ...UNSTABLE,
      method: 'DELETE',
      path: `${path}/:evaluatorId`,
      summary: 'Delete an evaluator; its scores stay',
      handle: (context) => remove(records, context),
    },
    {
      ...UNSTABLE,
      method: 'GET',
      path: `${UNSTABLE_BASE}/evaluator-templates`,
      summary: 'Judges that come with the platform, in English and Japanese',
      handle: ({ http }) => http.json({ data: judgeTemplates() }),
    },
    { ...UNSTABLE, method: 'GET', path: settings, summary: 'The model of evaluators that name none', handle: (context) => getSettings(records, context) },
    {
      ...UNSTABLE,
      method: 'PUT',
      path: settings,
      summary: 'Choose the model of evaluators that name none',
      body: settingsBody,
      handle: (context) => putSettings(records, context),
    },
  ];
}

/** A row as the API shows it (schemas unstableLlmAsJudgeEvaluator and unstableCodeEvaluator). */
export function evaluatorView(row: EvaluatorRow): Record<string, unknown> {
  const shared = {
    id: row.id,
    name: row.name,
    version: row.version,
    evaluationRuleCount: Number(row.rules),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
  if (row.source_code !== null)
    return {
      ...shared,
      type: 'code',
      variables: CODE_VARIABLES,
      mapping: CODE_VARIABLES.map((variable) => ({ variable, source: variable })),
      sourceCode: row.source_code,
      sourceCodeLanguage: 'TYPESCRIPT',
    };
  return {
    ...shared,
    type: 'llm_as_judge',
    variables: variablesOf(row.prompt),
    mapping: row.mapping,
    prompt: row.prompt,
    outputDefinition: row.output,
    modelConfig: row.provider === null || row.model === null ? null : { provider: row.provider, model: row.model },
  };
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageOf);
  const { rows, total } = await listEvaluators(records, projectOf(principal), asked);
  return http.json({ data: rows.map(evaluatorView), meta: pageMeta(asked.page, asked.limit, total) });
}

async function create({ records, sandbox }: EvaluatorRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const body = await bodyOf(http, evaluatorBody);
  const projectId = projectOf(principal);
  await keepsType(records, projectId, body);
  const version = body.type === 'code' ? await codeVersion(sandbox, body) : await judgeVersion(records, projectId, body);
  const row = await records.transaction((session) => putEvaluator(session, { id: randomUUID(), projectId, name: body.name, ...version }));
  await tellEvaluation(records);
  return http.json(evaluatorView(row));
}

type Version = Omit<NewVersion, 'id' | 'projectId' | 'name'>;

/** @throws AppError 409: versions of one name are all of one type. */
async function keepsType(records: Records, projectId: string, { name, type }: Pick<EvaluatorBody, 'name' | 'type'>): Promise<void> {
  const [known] = await evaluatorsByName(records, projectId, [name]);
  if (known === undefined || (known.source_code !== null) === (type === 'code')) return;
  throw problem('name_conflict', `The evaluator ${name} is ${known.source_code === null ? 'a judge' : 'code'}: choose another name.`, { evaluatorName: name });
}

async function judgeVersion(records: Records, projectId: string, body: JudgeBody): Promise<Version> {
  if (body.mapping) checkMapping(body.mapping, variablesOf(body.prompt), null);
  await preflight(records, projectId, body);
  return {
    prompt: body.prompt,
    output: body.outputDefinition,
    provider: body.modelConfig?.provider ?? null,
    model: body.modelConfig?.model ?? null,
    mapping: body.mapping ?? null,
    sourceCode: null,
  };
}

/** What its scores are, an evaluator in code says itself. */
const NO_OUTPUT = { dataType: 'NUMERIC', reasoning: { description: '' }, score: { description: '' } } as const;

/** @throws AppError 422 for a text that would not run, and while code is switched off. */
async function codeVersion(sandbox: CodeSandbox | null, { name, sourceCode }: CodeBody): Promise<Version> {
  if (sandbox === null)
    throw problem('evaluator_preflight_failed', 'Evaluators in code are switched off: start the platform with --code-evaluators on.', { evaluatorName: name });
  const fault = await sourceFault(sandbox, sourceCode);
  if (fault !== null) throw problem('evaluator_preflight_failed', fault, { evaluatorName: name });
  return { prompt: '', output: NO_OUTPUT, provider: null, model: null, mapping: null, sourceCode };
}

/** Whether the model that would judge can be asked. @throws AppError 422. */
async function preflight(records: Records, projectId: string, { name, modelConfig }: Pick<JudgeBody, 'name' | 'modelConfig'>): Promise<void> {
  const chosen = modelConfig ?? (await defaultModelOf(records, projectId));
  if (chosen === null)
    throw problem(
      'evaluator_preflight_failed',
      'The evaluator names no model and the project has no default one: send modelConfig, or PUT /api/public/unstable/evaluation-settings.',
      {
        evaluatorName: name,
      },
    );
  const why = await connectionProblem(records, projectId, chosen.provider);
  if (why !== null) throw problem('evaluator_preflight_failed', why, { evaluatorName: name, ...chosen });
}

async function connectionProblem(records: Records, projectId: string, provider: string): Promise<string | null> {
  if (provider === GATEWAY_PROVIDER) return null;
  const connection = await connectionOf(records, projectId, provider);
  if (connection === null) return `There is no LLM connection named ${provider}: make it with PUT /api/public/llm-connections.`;
  return adapterProblem(connection.adapter);
}

async function get(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const row = await evaluatorById(records, projectOf(principal), http.req.param('evaluatorId') ?? '');
  if (row === null) throw problem('resource_not_found', 'There is no evaluator with this id.');
  return http.json(evaluatorView(row));
}

async function remove(records: Records, { http, principal }: RouteContext): Promise<Response> {
  if (!(await deleteEvaluator(records, projectOf(principal), http.req.param('evaluatorId') ?? '')))
    throw problem('resource_not_found', 'There is no evaluator with this id.');
  await tellEvaluation(records);
  return http.json({ message: 'Evaluator successfully deleted' });
}

async function getSettings(records: Records, { http, principal }: RouteContext): Promise<Response> {
  return http.json({ defaultModel: await defaultModelOf(records, projectOf(principal)) });
}

async function putSettings(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const chosen = await bodyOf(http, settingsBody);
  const why = await connectionProblem(records, projectOf(principal), chosen.provider);
  if (why !== null) throw problem('evaluator_preflight_failed', why, chosen);
  await putDefaultModel(records, projectOf(principal), chosen);
  return http.json({ defaultModel: chosen });
}
