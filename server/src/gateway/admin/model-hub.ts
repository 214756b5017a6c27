// The public list of models: which groups are shown without a key, and the links beside them (litellm_settings.public_model_groups).
import { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { actorOf, adminRoute, badRequest } from './admin-route.ts';
import { refuseUnstorable, text } from './body-fields.ts';
import { applySettings } from './config.ts';
import type { AdminDeps } from './deps.ts';
import { modelGroups } from './models.ts';

const publicBody = z.strictObject({ model_groups: z.array(text.min(1)).max(1_000) }).superRefine(refuseUnstorable);
const link = z.string().max(2_000).refine(isWebAddress, 'must be an http:// or https:// address');
const linksBody = z
  .looseObject({
    useful_links: z.record(text, z.union([link, z.looseObject({ url: link })])).refine((links) => Object.keys(links).length <= 100, 'at most 100'),
  })
  .superRefine(refuseUnstorable);

export function modelHubRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  const open = { method: 'GET', surface: 'admin', dialect: 'litellm', access: ['anonymous'] } as const;
  return [
    { ...open, path: '/public/model_hub', summary: 'Models that were made public, without a key', handle: () => Response.json(publicGroups(deps)) },
    {
      ...open,
      path: '/public/model_hub/info',
      summary: 'Links beside the public models',
      handle: () => Response.json({ docs_title: 'GenAI Platform', custom_docs_description: null, litellm_version: MATCHED, useful_links: linksOf(deps) }),
    },
    adminRoute({ method: 'POST', path: '/model_group/make_public', summary: 'Say which models are public', body: publicBody, handle: on(makePublic) }),
    adminRoute({
      method: 'POST',
      path: '/model_hub/update_useful_links',
      summary: 'Say which links the public list has',
      body: linksBody,
      handle: on(setLinks),
    }),
  ];
}

/** The LiteLLM whose contract is followed; clients of the hub read it. */
const MATCHED = '1.96.0';

function publicGroups(deps: AdminDeps): Record<string, unknown>[] {
  const { access, deployments } = deps.config();
  const shown = new Set(access?.publicModels ?? []);
  return modelGroups(deps, deployments, (name) => shown.has(name));
}

const linksOf = (deps: AdminDeps): Readonly<Record<string, unknown>> => deps.config().access?.usefulLinks ?? {};

async function makePublic(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { model_groups: names } = await readJson(context.http, publicBody);
  const known = new Set(deps.config().deployments.map(({ modelName }) => modelName));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw badRequest(`Model groups not found: ${unknown.join(', ').slice(0, 500)}. List them with /model_group/info.`, 'model_groups');
  await applySettings(deps, context, [{ section: 'litellm_settings', name: 'public_model_groups', value: names }]);
  return Response.json({ message: 'Successfully updated public model groups', public_model_groups: names, updated_by: actorOf(context) });
}

async function setLinks(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { useful_links: links } = await readJson(context.http, linksBody);
  await applySettings(deps, context, [{ section: 'litellm_settings', name: 'public_model_groups_links', value: links }]);
  return Response.json({ message: 'Successfully updated useful links', useful_links: links });
}

/** What a page makes a link of must not be a script. */
function isWebAddress(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
