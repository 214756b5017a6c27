// The console's files and the Swagger page, with their content security policies.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join, normalize, sep } from 'node:path';

const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

/** A file below `root` by URL path, or null. Never leaves the root: `..`, NUL and encoded separators are refused. */
export async function staticFile(root: string, urlPath: string): Promise<Response | null> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  const path = normalize(join(root, decoded));
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return null;
  try {
    const body = await readFile(path);
    const immutable = decoded.startsWith('/assets/') || decoded.startsWith('assets/');
    return new Response(new Uint8Array(body), {
      headers: {
        ...PAGE_HEADERS,
        'content-type': MEDIA_TYPES[extname(path)] ?? 'application/octet-stream',
        'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      },
    });
  } catch {
    return null;
  }
}

const SWAGGER_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>GenAI Platform API</title>
<link rel="stylesheet" href="/swagger/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/swagger/swagger-ui-bundle.js"></script><script src="/swagger/start.js"></script></body></html>`;
const SWAGGER_START = "window.ui = SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });";

/** The Swagger page that LiteLLM shows at `/`, served whole from the installed package: `/`, `/swagger/*`. */
export async function swaggerFile(urlPath: string): Promise<Response | null> {
  if (urlPath === '/') return new Response(SWAGGER_PAGE, { headers: { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' } });
  if (urlPath === '/swagger/start.js') return new Response(SWAGGER_START, { headers: { ...PAGE_HEADERS, 'content-type': 'text/javascript; charset=utf-8' } });
  if (!urlPath.startsWith('/swagger/')) return null;
  const folder = join(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'), '..');
  return staticFile(folder, urlPath.slice('/swagger'.length));
}
