// /v2/model/info: the configured models in pages, searched and sorted, with the teams that may use them.
import { z } from 'zod';
import { lists, type ModelNames } from '#gateway/access.ts';
import { accessGroupsOf } from '#gateway/snapshot.ts';
import { readQuery } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import type { Deployment } from '#settings/settings.ts';
import type { AdminDeps } from './deps.ts';
import { ownerOf } from './managers.ts';
import { modelInfo } from './model-view.ts';
import { visibleTo } from './models.ts';
import { flag, pageNumber } from './query-fields.ts';
import { readTeams, type TeamRecord } from './team-records.ts';

const SORTS = ['model_name', 'created_at', 'updated_at', 'costs', 'status'] as const;
const text = z.string().max(800).optional();
const query = z.looseObject({
  model: text,
  modelId: text,
  search: text,
  teamId: text,
  include_team_models: flag,
  user_models_only: flag,
  page: pageNumber(1, 1_000_000),
  size: pageNumber(50, 1_000),
  sortBy: z.enum(SORTS).optional(),
  sortOrder: z.enum(['asc', 'desc']).default('asc'),
});
const MAX_TEAMS = 5_000;

export function modelPagesRoute(deps: AdminDeps): Route {
  return {
    method: 'GET',
    path: '/v2/model/info',
    surface: 'admin',
    dialect: 'litellm',
    access: ['master', 'virtual-key', 'user-admin', 'user-member', 'user-viewer'],
    summary: 'The configured models in pages, without secrets',
    query,
    handle: (context) => models(deps, context),
  };
}

async function models(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const asked = readQuery(context.http, query);
  const config = deps.config();
  const names: ModelNames = { config, accessGroups: accessGroupsOf(config) };
  const creators = await creatorsOf(deps);
  const teams = asked.include_team_models || asked.teamId !== undefined ? await teamsOf(deps, context) : [];
  const own = context.principal.kind === 'virtual-key' ? context.principal.key.userId : null;
  const shown = visibleTo(context.principal, config).filter(
    (one) =>
      (asked.model === undefined || one.modelName === asked.model) &&
      (asked.modelId === undefined || one.id === asked.modelId) &&
      (asked.search === undefined || one.modelName.toLowerCase().includes(asked.search.toLowerCase())) &&
      (!asked.user_models_only || (own !== null && creators.get(one.id)?.by === own)) &&
      (asked.teamId === undefined || teams.some((team) => team.id === asked.teamId && mayUse(team, one, names))),
  );
  const sorted = sort(shown, asked, { deps, creators });
  const page = sorted.slice((asked.page - 1) * asked.size, asked.page * asked.size);
  return Response.json({
    data: page.map((one) => view(deps, one, asked.include_team_models ? teams.filter((team) => mayUse(team, one, names)) : null)),
    total_count: sorted.length,
    current_page: asked.page,
    total_pages: Math.ceil(sorted.length / asked.size),
    size: asked.size,
  });
}

/** LiteLLM leaves the address out of this list. */
function view(deps: AdminDeps, deployment: Deployment, teams: readonly TeamRecord[] | null): Record<string, unknown> {
  const whole = modelInfo(deployment, deps.prices) as { litellm_params: Record<string, unknown>; model_info: Record<string, unknown> };
  const { api_base: _, ...params } = whole.litellm_params;
  const access = teams === null ? {} : { access_via_team_ids: teams.map(({ id }) => id), direct_access: true };
  return { ...whole, litellm_params: params, model_info: { ...whole.model_info, ...access } };
}

function mayUse(team: TeamRecord, { modelName }: Deployment, names: ModelNames): boolean {
  return team.models.length === 0 || lists(team.models, modelName, names);
}

/** The teams that the caller may know of. */
async function teamsOf(deps: AdminDeps, context: RouteContext): Promise<TeamRecord[]> {
  const { principal } = context;
  if (principal.kind !== 'virtual-key') return (await readTeams(deps.records, {}, { limit: MAX_TEAMS, offset: 0 })).teams;
  const owner = await ownerOf(deps, context);
  const ids = [...(owner?.memberships ?? []).map(({ teamId }) => teamId), ...(principal.key.teamId === null ? [] : [principal.key.teamId])];
  return ids.length === 0 ? [] : (await readTeams(deps.records, { ids }, { limit: MAX_TEAMS, offset: 0 })).teams;
}

type Creators = Map<string, { by: string | null; createdAt: number; updatedAt: number }>;

async function creatorsOf(deps: AdminDeps): Promise<Creators> {
  const stored = await deps.storedModels.list();
  return new Map(stored.map((one) => [one.id, { by: one.createdBy, createdAt: one.createdAt.getTime(), updatedAt: one.updatedAt.getTime() }]));
}

function sort(
  shown: readonly Deployment[],
  { sortBy, sortOrder }: z.infer<typeof query>,
  { deps, creators }: { deps: AdminDeps; creators: Creators },
): readonly Deployment[] {
  if (sortBy === undefined) return shown;
  const sortValue = (one: Deployment): number | string => {
    if (sortBy === 'model_name') return one.modelName;
    if (sortBy === 'created_at') return creators.get(one.id)?.createdAt ?? 0;
    if (sortBy === 'updated_at') return creators.get(one.id)?.updatedAt ?? 0;
    if (sortBy === 'status') return one.problem === null || one.problem === undefined ? 0 : 1;
    return Number(deps.prices.ofDeployment(one)?.inputPicos ?? -1n);
  };
  const direction = sortOrder === 'asc' ? 1 : -1;
  return [...shown].sort((a, b) => {
    const [x, y] = [sortValue(a), sortValue(b)];
    return x === y ? 0 : (x < y ? -1 : 1) * direction;
  });
}
