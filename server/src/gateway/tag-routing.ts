// Tag routing (router_settings.enable_tag_filtering): a call with tags goes to the deployments that carry them, everybody else to those tagged "default".
import { AppError } from '#lib/errors.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import type { Call } from './call.ts';
import type { Group } from './snapshot.ts';
import { callTags } from './trace-context.ts';

const DEFAULT = 'default';

/** The group as this call may use it. @throws AppError 401 as taggedGroup. */
export function forTags(call: Call, group: Group): Group {
  const { routing } = call.snapshot.config;
  if (!routing.tagFiltering) return group;
  return taggedGroup(byAgent(group, call.request.headers['user-agent']), callTags(call), routing);
}

/** What a pattern is held against. */
const LONGEST_AGENT = 500;

/** The group with the deployments that state a pattern (tag_regex) for this client set apart. */
function byAgent(group: Group, agent: string | undefined): TagGroup {
  if (agent === undefined || !group.targets.some(({ agentPatterns }) => agentPatterns.length > 0)) return group;
  const line = `User-Agent: ${agent.slice(0, LONGEST_AGENT)}`;
  return { ...group, ofAgent: group.targets.filter(({ agentPatterns }) => agentPatterns.some((pattern) => pattern.test(line))) };
}

type TagGroup = Group & { ofAgent?: Group['targets'] };

/**
 * The group with the deployments that a call with these tags may use. Tags that match go before patterns of clients, patterns before the default.
 * @throws AppError 401 in LiteLLM's words when no deployment carries the tags.
 */
export function taggedGroup({ ofAgent = [], ...group }: TagGroup, tags: readonly string[], routing: GatewayConfig['routing']): Group {
  const defaults = group.targets.filter(({ deployment }) => deployment.tags.includes(DEFAULT));
  const fallback = defaults.length > 0 ? defaults : null;
  if (tags.length === 0 && ofAgent.length > 0) return { ...group, targets: ofAgent };
  if (tags.length === 0) return fallback === null ? group : { ...group, targets: fallback };
  const matches = group.targets.filter(({ deployment }) =>
    routing.matchAnyTag ? tags.some((tag) => deployment.tags.includes(tag)) : tags.every((tag) => deployment.tags.includes(tag)),
  );
  if (matches.length > 0) return { ...group, targets: matches };
  if (ofAgent.length > 0) return { ...group, targets: ofAgent };
  if (fallback !== null) return { ...group, targets: fallback };
  throw new AppError(`No deployments available for selected model, passed_model=${group.name} with tags=${tags.join(', ').slice(0, 500)}`, {
    status: 401,
    code: 'auth_error',
    param: 'tags',
  });
}
