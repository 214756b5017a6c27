// Checks of what a person opens: the OpenAPI page, the console, the login (seed §4.4 and §5.4).
import { call } from '#http.ts';
import { at, type Check, describe, failed, needs, type Outcome, passed, type Target } from './check.ts';

export const openapi: Check = {
  id: 'openapi',
  title: 'verify.openapi',
  async run(target, facts) {
    const document = await call(`${target.gatewayUrl}/openapi.json`);
    if (document.status !== 200 || typeof at(document.json, 'openapi') !== 'string') return failed(`/openapi.json: ${describe(document)}`);
    const title = String(at(document.json, 'info', 'title') ?? 'without a title');
    facts.isOurs = /genai platform/i.test(title);
    const page = await call(`${target.gatewayUrl}/`);
    if (page.status !== 200 || !/<html/i.test(page.text)) return failed(`/: ${describe(page)}`);
    const paths = at(document.json, 'paths');
    return passed(`${title}, ${Object.keys(typeof paths === 'object' && paths !== null ? paths : {}).length} paths`);
  },
};

export const consolePages: Check = {
  id: 'console',
  title: 'verify.console',
  async run(target) {
    for (const url of [`${target.gatewayUrl}/ui/`, `${target.observeUrl}/`]) {
      const page = await call(url);
      if (page.status !== 200 || !/<html/i.test(page.text)) return failed(`${new URL(url).pathname} of ${new URL(url).host}: ${describe(page)}`);
    }
    return passed(`${target.gatewayUrl}/ui/ and ${target.observeUrl}/`);
  },
};

export const login: Check = {
  id: 'login',
  title: 'verify.login',
  async run(target) {
    const { email, password } = target;
    if (email === null || password === null) return needs('--email and --password');
    const origin = new URL(target.observeUrl).origin;
    const answer = await call(`${target.observeUrl}/api/auth/sign-in/email`, { body: { email, password }, headers: { origin } });
    if (answer.status === 200 && answer.headers.getSetCookie().length > 0) return passed(email);
    // Langfuse has no such route: it signs in through NextAuth.
    if (answer.status === 404 || answer.status === 405 || answer.status === 400) return await loginByNextAuth(target, { email, password });
    return failed(describe(answer));
  },
};

async function loginByNextAuth(target: Target, credentials: { email: string; password: string }): Promise<Outcome> {
  const csrf = await call(`${target.observeUrl}/api/auth/csrf`);
  const token = at(csrf.json, 'csrfToken');
  if (csrf.status !== 200 || typeof token !== 'string') return failed(`sign-in: ${describe(csrf)}`);
  const cookies = csrf.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  const body = new URLSearchParams({ ...credentials, csrfToken: token, callbackUrl: target.observeUrl, json: 'true' }).toString();
  const answer = await call(`${target.observeUrl}/api/auth/callback/credentials`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: cookies.join('; ') },
    redirect: 'manual',
  });
  const hasSession = answer.headers.getSetCookie().some((cookie) => /session-token=[^;]/.test(cookie));
  return hasSession ? passed(credentials.email) : failed(`sign-in was refused: HTTP ${answer.status}`);
}
