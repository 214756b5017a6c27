// better-auth with our records, our password hash and nothing switched on that is not used. Imported lazily by login.ts only: it costs some 36 MB.
import { betterAuth } from 'better-auth/minimal';
import { newCallId } from '#lib/id.ts';
import type { Records } from '#stores/records/port.ts';
import { FIELD_NAMES, loginAdapter } from './login-adapter.ts';
import { hashPassword, verifyPassword } from './password.ts';

const WEEK_SECONDS = 7 * 24 * 3600;
const DAY_SECONDS = 24 * 3600;

export interface LibraryOptions {
  records: Records;
  secret: string;
  secureCookies: boolean;
  attemptsPerMinute: number;
}

/** The configured library. Its own origin checks are off because login.ts makes a stricter one for every unsafe request. */
export function createAuth(options: LibraryOptions) {
  return betterAuth({
    appName: 'GenAI Platform',
    baseURL: 'http://localhost',
    basePath: '/api/auth',
    secret: options.secret,
    database: loginAdapter(options.records),
    telemetry: { enabled: false },
    logger: { disabled: true },
    // Thrown so that a store that is away becomes our 503; login.ts answers the library's own errors.
    onAPIError: { throw: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 10,
      maxPasswordLength: 256,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(password, hash) },
    },
    user: { modelName: 'users', fields: FIELD_NAMES.user },
    session: { modelName: 'sessions', fields: FIELD_NAMES.session, expiresIn: WEEK_SECONDS, updateAge: DAY_SECONDS },
    account: { modelName: 'accounts', fields: FIELD_NAMES.account },
    verification: { modelName: 'verifications', fields: FIELD_NAMES.verification },
    rateLimit: {
      enabled: true,
      storage: 'memory',
      window: 60,
      max: 300,
      customRules: {
        '/sign-in/email': { window: 60, max: options.attemptsPerMinute },
        '/change-password': { window: 60, max: options.attemptsPerMinute },
      },
    },
    advanced: {
      cookiePrefix: 'genai',
      useSecureCookies: options.secureCookies,
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      disableCSRFCheck: true,
      disableOriginCheck: true,
      ipAddress: { ipAddressHeaders: ['x-genai-client-address'] },
      database: { generateId: () => newCallId() },
    },
  });
}
