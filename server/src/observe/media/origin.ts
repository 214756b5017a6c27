// Under which address the client reached this door: signed addresses must lead back the same way, through the same proxy.
import type { Context } from 'hono';

/** The path as an absolute address of the door that the request came to. */
export function addressOf(http: Context, pathAndQuery: string): string {
  const url = new URL(http.req.url);
  const host = http.req.header('host');
  // Anybody may send the header; doors.ts says whether a listed proxy did (--trusted-proxies).
  const isFromProxy = (http.env as { isFromProxy?: boolean } | undefined)?.isFromProxy === true;
  const forwarded = isFromProxy ? http.req.header('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase() : undefined;
  const protocol = forwarded === 'https' || forwarded === 'http' ? `${forwarded}:` : url.protocol;
  return `${protocol}//${host !== undefined && /^[\w.:[\]-]{1,255}$/.test(host) ? host : url.host}${pathAndQuery}`;
}
