// Which paths a key may use (`allowed_routes`): LiteLLM's named groups, exact paths, and patterns (`/v1/chat/*`, `/key/{key}/regenerate`). No list = every path.
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { matchProvider } from './pass-through/doors.ts';
import { matchPath, PATHS, type PathMatch } from './paths.ts';
import { REALTIME_PATHS } from './realtime/paths.ts';

/** Which part of the gateway answers: the data plane, or administration. */
export type KeyDoor = 'llm' | 'admin';

/** What `key_type` of LiteLLM stands for. */
export const ROUTES_OF_KEY_TYPE: Readonly<Record<string, readonly string[]>> = {
  default: [],
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
};

const INFO = new Set(
  `/models /v1/models /model/info /v1/model/info /v2/model/info /model_group/info /key/info /key/list /key/health /team/info /team/list /v2/team/list
  /organization/list /user/info /v2/user/info /health`.split(/\s+/),
);
const MANAGEMENT = [
  ...['/key/', '/team/', '/v2/team/', '/user/', '/v2/user/', '/organization/', '/customer/', '/end_user/', '/tag/', '/budget/'],
  ...['/model/', '/model_group/', '/access_group/', '/credentials'],
];

type Belongs = (path: string, door: KeyDoor) => boolean;
const calls =
  (is: (match: PathMatch, path: string) => boolean): Belongs =>
  (path, door) => {
    const match = door === 'llm' ? matchPath(path) : null;
    return match !== null && is(match, path);
  };
const under =
  (...prefixes: readonly string[]): Belongs =>
  (path, door) =>
    door === 'admin' && prefixes.some((prefix) => path.startsWith(prefix));
const endpointOf = (match: PathMatch): string | null => ('endpoint' in match ? match.endpoint : null);
/** Files and batches behind the beginning of a provider's own route: where that route is open, they are its own. */
const isBehindDoor = (match: PathMatch, path: string): boolean => (match.kind === 'file' || match.kind === 'batch') && matchProvider(path) !== null;
const isOpenAi = (match: PathMatch, path: string): boolean =>
  match.kind === 'models' ||
  ((match.kind === 'file' || match.kind === 'batch') && !isBehindDoor(match, path)) ||
  (match.kind !== 'pass-through' && !['messages', 'generate-content', 'mcp', null].includes(endpointOf(match)));
const isProvider = calls((match, path) => match.kind === 'pass-through' || isBehindDoor(match, path));

/** LiteLLM's names of groups of paths, as far as this gateway has the paths. */
const GROUPS: ReadonlyMap<string, Belongs> = new Map<string, Belongs>([
  ['llm_api_routes', (_, door) => door === 'llm'],
  ['openai_routes', calls(isOpenAi)],
  ['anthropic_routes', calls((match) => endpointOf(match) === 'messages')],
  ['mcp_routes', calls((match) => match.kind === 'mcp')],
  ['google_routes', calls((match) => endpointOf(match) === 'generate-content')],
  ['mapped_pass_through_routes', isProvider],
  ['passthrough_routes_wildcard', isProvider],
  ['info_routes', (path) => INFO.has(path)],
  ['management_routes', under(...MANAGEMENT)],
  ['key_management_routes', under('/key/')],
  ['spend_tracking_routes', under('/spend/')],
  ['global_spend_tracking_routes', under('/global/spend', '/global/activity')],
]);

/** The door behind which a path of the gateway's own lies. */
export const doorOf = (path: string): KeyDoor => (matchPath(path) === null ? 'admin' : 'llm');

/** Whether a list opens a path; a name that is neither a group nor a path opens nothing. */
export function opens(allowed: readonly string[], path: string, door: KeyDoor): boolean {
  return allowed.some((entry) => GROUPS.get(entry)?.(path, door) ?? (matchesEntry(entry, path) || isSameCall(entry, path, door)));
}

/** @param target the request's target; its query says nothing here. @throws AppError 403 when the key's list does not open it. */
export function checkRoute(key: Pick<VirtualKey, 'allowedRoutes'>, target: string, door: KeyDoor): void {
  if (key.allowedRoutes === undefined) return;
  const path = target.split('?')[0] ?? '';
  if (opens(key.allowedRoutes, path, door)) return;
  const list = key.allowedRoutes.map((entry) => `'${entry}'`).join(', ');
  throw new AppError(`Virtual key is not allowed to call this route. Only allowed to call routes: [${list}]. Tried to call route: ${path.slice(0, 200)}`, {
    status: 403,
    code: 'auth_error',
  });
}

/** What would climb out of a pattern's folder at whoever reads the path next. */
function climbs(path: string): boolean {
  if (path.includes('\\')) return true;
  try {
    return decodeURIComponent(path)
      .split(/[/\\]/)
      .some((part) => part === '.' || part === '..');
  } catch {
    return true;
  }
}

/** `/chat/completions` and `/v1/chat/completions` are one call: a key that is for the one is for the other, also where the path names the model. */
function isSameCall(entry: string, path: string, door: KeyDoor): boolean {
  const named = PATHS.get(entry) ?? REALTIME_PATHS.get(entry);
  if (door !== 'llm' || named === undefined) return false;
  const match = matchPath(path);
  return match !== null && match.kind === named.kind && endpointOf(match) === endpointOf(named);
}

function matchesEntry(entry: string, path: string): boolean {
  if (entry === path || entry === '*') return true;
  if (!entry.startsWith('/') || climbs(path)) return false;
  if (entry.endsWith('*')) return path.startsWith(entry.slice(0, -1));
  if (!entry.includes('{')) return false;
  const wanted = entry.split('/');
  const parts = path.split('/');
  return wanted.length === parts.length && wanted.every((part, index) => part === parts[index] || (/^\{[^}]+\}$/.test(part) && parts[index] !== ''));
}
