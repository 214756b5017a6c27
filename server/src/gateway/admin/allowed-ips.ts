// /add/allowed_ip and /delete/allowed_ip: where requests may come from (general_settings.allowed_ips), registered while the platform runs.
import { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { addressList, isAddressOrNetwork } from '#lib/addresses.ts';
import { adminRoute, badRequest, notFound } from './admin-route.ts';
import { applySettings } from './config.ts';
import type { AdminDeps } from './deps.ts';

const body = z.looseObject({ ip: z.string().max(100).refine(isAddressOrNetwork, 'must be an address, or a network such as 10.0.0.0/8') });

export function allowedIpRoutes(deps: AdminDeps): Route[] {
  return [
    adminRoute({
      method: 'POST',
      path: '/add/allowed_ip',
      summary: 'Let requests come from an address; the first one shuts everybody else out',
      body,
      handle: (context) => add(deps, context),
    }),
    adminRoute({
      method: 'POST',
      path: '/delete/allowed_ip',
      summary: 'Let requests come from an address no more',
      body,
      handle: (context) => remove(deps, context),
    }),
    adminRoute({
      method: 'GET',
      path: '/get/allowed_ips',
      summary: 'Addresses that requests may come from; an empty list = all',
      handle: () => Response.json({ data: now(deps) }),
    }),
  ];
}

const now = (deps: AdminDeps): readonly string[] => deps.config().access?.allowedAddresses ?? [];

async function add(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { ip } = await readJson(context.http, body);
  const list = [...new Set([...now(deps), ip])];
  const own = deps.addressOf(context.http);
  // Else this request would be the last that can change it.
  if (own !== null && !addressList(list)(own)) throw badRequest(`Your own address ${own} would be shut out: add it first.`, 'ip');
  await write(deps, context, list);
  return Response.json({ message: `IP ${ip} address added successfully`, status: 'success' });
}

async function remove(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const { ip } = await readJson(context.http, body);
  if (!now(deps).includes(ip)) throw notFound(`${ip} is not among the allowed addresses. GET /get/allowed_ips lists them.`, 'ip');
  await write(
    deps,
    context,
    now(deps).filter((entry) => entry !== ip),
  );
  return Response.json({ message: `IP ${ip} deleted successfully`, status: 'success' });
}

/** The list that is registered stands above the one of the configuration file; an empty one lets everybody in again. */
async function write(deps: AdminDeps, context: RouteContext, list: readonly string[]): Promise<void> {
  await applySettings(deps, context, [{ section: 'general_settings', name: 'allowed_ips', value: list }]);
}
