// Who calls a route outside the data plane: by LiteLLM's key carriers, by project keys, or by the console's cookie.

import { type Asking, type Caller, presentedKey } from '#gateway/authenticate.ts';
import type { Authenticators } from '#http/app.ts';
import type { Login } from '#identity/login.ts';
import type { Principal, UserRole } from '#identity/principal.ts';
import { invalidCredentials, type ProjectKeyDirectory } from '#identity/project-keys.ts';
import type { PlaceOfPerson } from '#identity/project-roles.ts';
import { isSameOrigin } from '#identity/same-origin.ts';
import { AppError } from '#lib/errors.ts';

export interface WhoCallsDeps {
  login: Login;
  projectKeys: ProjectKeyDirectory;
  /** Authenticates a virtual or the master key (gateway/authenticate.ts). */
  keyCaller: (asking: Asking) => Caller | Promise<Caller>;
  keyHeaderName: () => string | null;
  /** The organisation of a project and a person's role in it; null when there is no such project. */
  placeOf: (projectId: string, userId: string) => Promise<PlaceOfPerson | null>;
}

/** The project in which a page of the console acts. A page of another site cannot send it: it would need a preflight that allows cookies. */
const PROJECT_HEADER = 'x-genai-project';

/** One authenticator a surface. A cookie counts only where no key is presented, and for unsafe methods only from our own pages. */
export function createAuthenticators(deps: WhoCallsDeps): Authenticators {
  return {
    async admin(request) {
      const headers = Object.fromEntries(request.headers);
      if (presentsKey(headers, deps.keyHeaderName())) {
        const { key } = await deps.keyCaller({ headers, url: new URL(request.url).pathname });
        return key === null ? { kind: 'master' } : { kind: 'virtual-key', key };
      }
      return await person(deps.login, request);
    },
    async observe(request) {
      const authorization = request.headers.get('authorization');
      const projectId = request.headers.get(PROJECT_HEADER);
      if (authorization === null && projectId !== null) return await personInProject(deps, request, projectId);
      const principal = await deps.projectKeys.authenticate(authorization);
      if (principal === null) throw invalidCredentials();
      return principal;
    },
    console: (request) => personAtConsole(deps, request),
  };
}

async function person(login: Login, request: Request): Promise<Principal> {
  const principal = await login.sessionPrincipal(request.headers);
  if (principal === null) return { kind: 'anonymous' };
  const sameOrigin = isSameOrigin({
    method: request.method,
    origin: request.headers.get('origin'),
    host: request.headers.get('host') ?? new URL(request.url).host,
  });
  if (!sameOrigin) throw new AppError('The request comes from another site; open the console itself.', { status: 403, code: 'wrong_origin' });
  return principal;
}

/** The console's own reads name their project in the address: only those of a person's projects are there. @throws AppError 404. */
async function personAtConsole(deps: WhoCallsDeps, request: Request): Promise<Principal> {
  const caller = await person(deps.login, request);
  for (const projectId of new URL(request.url).searchParams.getAll('projectId')) if (caller.kind === 'user') await roleInProject(deps, caller, projectId);
  return caller;
}

/** The role in the project counts, else that in its organisation; only an administrator comes into projects of organisations that are not theirs. @throws AppError 404. */
async function roleInProject(deps: WhoCallsDeps, caller: Principal & { kind: 'user' }, projectId: string): Promise<{ organizationId: string; role: UserRole }> {
  const place = await deps.placeOf(projectId, caller.userId);
  const role = place?.role ?? (caller.role === 'admin' ? 'admin' : null);
  if (place === null || role === null) throw new AppError('There is no such project.', { status: 404, code: 'LangfuseNotFoundError' });
  return { organizationId: place.organizationId, role };
}

/**
 * A signed-in person uses a project as its key does; a viewer only reads.
 * @throws AppError 401 without a session, 403 for a viewer's change, 404 for no project.
 */
async function personInProject(deps: WhoCallsDeps, request: Request, projectId: string): Promise<Principal> {
  const caller = await person(deps.login, request);
  if (caller.kind !== 'user') throw new AppError('Sign in first.', { status: 401, code: 'auth_error' });
  const { organizationId, role } = await roleInProject(deps, caller, projectId);
  if (role === 'viewer' && request.method !== 'GET' && request.method !== 'HEAD')
    throw new AppError('You may read this project, not change it. Ask an administrator for the role of a member.', { status: 403, code: 'ForbiddenError' });
  return {
    kind: 'project-key',
    projectId,
    organizationId,
    publicKey: '',
    scope: 'project',
    person: { userId: caller.userId, name: caller.name || caller.email, role },
  };
}

function presentsKey(headers: Record<string, string>, keyHeaderName: string | null): boolean {
  try {
    presentedKey(headers, keyHeaderName);
    return true;
  } catch (error) {
    // A malformed key is a key all the same: its own refusal follows.
    return !(error as Error).message.includes('No api key');
  }
}
