// Reads the session cookie that better-auth sets, without the library: `<token>.<base64 HMAC-SHA256 of the token>`, URL-encoded. login.test.ts holds the two together.
import { createHmac, timingSafeEqual } from 'node:crypto';

const LONGEST_COOKIE_HEADER = 16_384;

/** Name of the cookie; browsers take the prefix as a promise that it came by https. */
export function sessionCookieName(secureCookies: boolean): string {
  return secureCookies ? '__Secure-genai.session_token' : 'genai.session_token';
}

/** The session token of a Cookie header when its signature is ours, else null. */
export function signedToken(cookieHeader: string | null, name: string, secret: string): string | null {
  if (!cookieHeader || cookieHeader.length > LONGEST_COOKIE_HEADER) return null;
  for (const part of cookieHeader.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
    const token = verifiedToken(part.slice(equals + 1).trim(), secret);
    if (token !== null) return token;
  }
  return null;
}

function verifiedToken(encoded: string, secret: string): string | null {
  const match = /^([\w-]{16,128})\.([A-Za-z0-9+/=]+)$/.exec(decode(encoded));
  if (!match) return null;
  const expected = createHmac('sha256', secret)
    .update(match[1] as string)
    .digest();
  const given = Buffer.from(match[2] as string, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected) ? (match[1] as string) : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
