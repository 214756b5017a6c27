// What a door shows where no route matches: Swagger or the console at `/`, the console's files, 404 in the dialect of the path.
import type { Context } from 'hono';
import { errorResponse } from '#http/errors.ts';
import { staticFile, swaggerFile } from '#http/static.ts';
import { AppError } from '#lib/errors.ts';

/** Comes back by itself: no script, so that it obeys the pages' policy. */
const BEING_BUILT = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>GenAI Platform</title></head>
<body><p>The console is being built; this page opens it by itself.</p><p lang="ja">コンソールを作成しています。できあがると自動で開きます。</p></body></html>`;

/** Answers GETs of pages. `consoleFolder` is null until the console is built. */
export function createPages(door: 'gateway' | 'observe', consoleFolder: () => string | null): (http: Context) => Promise<Response> {
  return async (http) => {
    const { pathname } = new URL(http.req.url);
    const reads = http.req.method === 'GET' || http.req.method === 'HEAD';
    if (!reads) return notFound(pathname);
    if (pathname === '/ui' || (pathname === '/' && door === 'observe')) return http.redirect('/ui/');
    if (isConsolePage(pathname)) return await consolePage(pathname, consoleFolder());
    return (await swaggerFile(pathname)) ?? notFound(pathname);
  };
}

/** `/ui/*`, and the trace and session addresses that Langfuse's SDKs print. */
function isConsolePage(pathname: string): boolean {
  return pathname.startsWith('/ui/') || /^\/project\/[^/]+(\/|$)/.test(pathname);
}

async function consolePage(pathname: string, folder: string | null): Promise<Response> {
  if (folder === null) return beingBuilt();
  const file = pathname.startsWith('/ui/') ? pathname.slice('/ui'.length) : '/index.html';
  const found = file === '/' ? null : await staticFile(folder, file);
  if (found !== null) return found;
  // A missing asset is a 404; every other path is a page of the single-page application.
  if (file.startsWith('/assets/')) return notFound(pathname);
  return (await staticFile(folder, '/index.html')) ?? beingBuilt();
}

function beingBuilt(): Response {
  return new Response(BEING_BUILT, {
    status: 503,
    headers: { 'content-type': 'text/html; charset=utf-8', 'retry-after': '2', 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'" },
  });
}

function notFound(pathname: string): Response {
  const dialect = pathname.startsWith('/api/public/') ? 'langfuse' : pathname.startsWith('/api/') ? 'console' : 'litellm';
  const code = dialect === 'langfuse' ? 'LangfuseNotFoundError' : 'not_found_error';
  return errorResponse(new AppError('There is nothing at this path. GET /openapi.json lists what there is.', { status: 404, code }), dialect);
}
