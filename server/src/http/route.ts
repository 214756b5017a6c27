// One line of the route table: path -> surface -> who may call it -> handler. Rooms export lists of these; app.ts mounts them, docs and the role test walk them.

import type { Context } from 'hono';
import type { ZodType } from 'zod';
import type { Principal, Role } from '#identity/principal.ts';

export type Surface = 'llm' | 'admin' | 'observe' | 'console' | 'internal';
/** The error envelope that the route's clients speak. */
export type Dialect = 'openai' | 'anthropic' | 'google' | 'litellm' | 'langfuse' | 'langfuse-unstable' | 'console';

export interface RouteContext {
  /** Hono's context: request, response helpers. */
  http: Context;
  principal: Principal;
  /** Aborts when the client leaves. */
  signal: AbortSignal;
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Hono path syntax: `/api/public/traces/:traceId`. */
  path: string;
  surface: Surface;
  dialect: Dialect;
  access: readonly Role[];
  /** One line for OpenAPI and the docs. */
  summary: string;
  /** Schemas that validate at run time and from which /openapi.json is generated. */
  query?: ZodType;
  body?: ZodType;
  response?: ZodType;
  /** Largest accepted body in bytes; default 1 MiB. */
  maxBodyBytes?: number;
  handle(context: RouteContext): Response | Promise<Response>;
}
