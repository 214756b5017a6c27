// The login process: better-auth with our records (by message), our password hash and nothing switched on that is not used.
import { type CustomAdapter, createAdapterFactory } from 'better-auth/adapters';
import { betterAuth } from 'better-auth/minimal';
import { newCallId } from '#lib/id.ts';
import type { FromLogin, LoginSetup, PlainRequest, PlainResponse, ToLogin } from './login-messages.ts';
import type { OperationName, RecordsOperation } from './login-records.ts';
import { hashPassword, verifyPassword } from './password.ts';

const WEEK_SECONDS = 7 * 24 * 3600;
const DAY_SECONDS = 24 * 3600;
const TIMES = { createdAt: 'created_at', updatedAt: 'updated_at' } as const;

const waiting = new Map<number, PromiseWithResolvers<unknown>>();
let lastId = 0;

function askRecords(name: OperationName, operation: unknown): Promise<unknown> {
  const id = ++lastId;
  const answer = Promise.withResolvers<unknown>();
  waiting.set(id, answer);
  // Undefined values and the library's extra fields do not matter to the other side, so plain JSON shapes with Dates are enough.
  const { model, data, where, update, limit, offset, sortBy } = operation as RecordsOperation;
  const message = { model, data, where, update, limit, offset, sortBy } as RecordsOperation;
  tell({ kind: 'records', id, name, operation: message });
  return answer.promise;
}

function tell(message: FromLogin): void {
  process.send?.(message);
}

const adapter = createAdapterFactory({
  config: { adapterId: 'genai-records', usePlural: false, supportsNumericIds: false, supportsJSON: true, transaction: false },
  adapter: () => {
    const names = ['create', 'findOne', 'findMany', 'update', 'updateMany', 'delete', 'deleteMany', 'count'] as const;
    return Object.fromEntries(names.map((name) => [name, (operation: unknown) => askRecords(name, operation)])) as unknown as CustomAdapter;
  },
});

/** Its own origin checks are off because login.ts makes a stricter one for every unsafe request. */
function createAuth({ secret, secureCookies, attemptsPerMinute }: LoginSetup) {
  return betterAuth({
    appName: 'GenAI Platform',
    baseURL: 'http://localhost',
    basePath: '/api/auth',
    secret,
    database: adapter,
    telemetry: { enabled: false },
    logger: { disabled: true },
    onAPIError: { throw: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 10,
      maxPasswordLength: 256,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(password, hash) },
    },
    user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...TIMES } },
    session: {
      modelName: 'sessions',
      fields: { userId: 'user_id', expiresAt: 'expires_at', ipAddress: 'ip_address', userAgent: 'user_agent', ...TIMES },
      expiresIn: WEEK_SECONDS,
      updateAge: DAY_SECONDS,
    },
    account: {
      modelName: 'accounts',
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...TIMES,
      },
    },
    verification: { modelName: 'verifications', fields: { expiresAt: 'expires_at', ...TIMES } },
    rateLimit: {
      enabled: true,
      storage: 'memory',
      window: 60,
      max: 300,
      customRules: {
        '/sign-in/email': { window: 60, max: attemptsPerMinute },
        '/change-password': { window: 60, max: attemptsPerMinute },
      },
    },
    advanced: {
      cookiePrefix: 'genai',
      useSecureCookies: secureCookies,
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      disableCSRFCheck: true,
      disableOriginCheck: true,
      ipAddress: { ipAddressHeaders: ['x-genai-client-address'] },
      database: { generateId: () => newCallId() },
    },
  });
}

let auth: ReturnType<typeof createAuth> | null = null;

// Without the process that it serves it has nothing to do.
process.on('disconnect', () => process.exit(0));
// Ctrl-C at the terminal reaches the whole group; the other process decides when this one ends.
process.on('SIGINT', () => {});
process.on('message', (message: ToLogin) => {
  if (message.kind === 'setup') {
    auth = createAuth(message.setup);
    return;
  }
  if (message.kind === 'request') {
    const { id, request } = message;
    answer(request).then(
      (response) => tell({ kind: 'response', id, response, reason: null }),
      (error: unknown) => tell({ kind: 'response', id, response: null, reason: error instanceof Error ? error.message : String(error) }),
    );
    return;
  }
  const answered = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.failed) answered?.reject(new Error('the records failed'));
  else answered?.resolve(message.value);
});

/** The library's answer; its own errors (a wrong password, a short one) become `{"code", "message"}` with their status, all others reject. */
async function answer(request: PlainRequest): Promise<PlainResponse> {
  const { url, method, headers } = request;
  const body = request.body === null ? null : new Uint8Array(request.body);
  if (!auth) throw new Error('not set up');
  try {
    return await toPlain(await auth.handler(new Request(url, { method, headers, body })));
  } catch (error) {
    const { statusCode, body: said } = error as { statusCode?: unknown; body?: { code?: unknown; message?: unknown } };
    if (typeof statusCode !== 'number' || statusCode >= 500) throw error;
    return await toPlain(Response.json({ code: said?.code ?? 'login_error', message: said?.message ?? 'The request was refused.' }, { status: statusCode }));
  }
}

async function toPlain(response: Response): Promise<PlainResponse> {
  return { status: response.status, headers: [...response.headers], body: new Uint8Array(await response.arrayBuffer()) };
}
