// Who calls a route outside the data plane: by LiteLLM's key carriers, by project keys, or by the console's cookie.

import { type Caller, presentedKey } from '#gateway/authenticate.ts';
import type { Authenticators } from '#http/app.ts';
import type { Login } from '#identity/login.ts';
import type { Principal } from '#identity/principal.ts';
import { invalidCredentials, type ProjectKeyDirectory } from '#identity/project-keys.ts';
import { isSameOrigin } from '#identity/same-origin.ts';
import { AppError } from '#lib/errors.ts';

export interface WhoCallsDeps {
  login: Login;
  projectKeys: ProjectKeyDirectory;
  /** Authenticates a virtual or the master key by headers (gateway/authenticate.ts). */
  keyCaller: (headers: Record<string, string>) => Caller | Promise<Caller>;
  keyHeaderName: () => string | null;
}

/** One authenticator a surface. A cookie counts only where no key is presented, and for unsafe methods only from our own pages. */
export function createAuthenticators(deps: WhoCallsDeps): Authenticators {
  return {
    async admin(request) {
      const headers = Object.fromEntries(request.headers);
      if (presentsKey(headers, deps.keyHeaderName())) {
        const { key } = await deps.keyCaller(headers);
        return key === null ? { kind: 'master' } : { kind: 'virtual-key', key };
      }
      return await person(deps.login, request);
    },
    async observe(request) {
      const principal = await deps.projectKeys.authenticate(request.headers.get('authorization'));
      if (principal === null) throw invalidCredentials();
      return principal;
    },
    console: (request) => person(deps.login, request),
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

function presentsKey(headers: Record<string, string>, keyHeaderName: string | null): boolean {
  try {
    presentedKey(headers, keyHeaderName);
    return true;
  } catch (error) {
    // A malformed key is a key all the same: its own refusal follows.
    return !(error as Error).message.includes('No api key');
  }
}
