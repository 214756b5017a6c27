// /openapi.json: the route table as an OpenAPI 3.1 document, from the same schemas that validate.
import { z } from 'zod';
import type { Route } from './route.ts';

/** Routes of one surface and up as an OpenAPI document. Internal and console routes are left out: they are not a contract. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    if (route.surface === 'internal' || route.surface === 'console') continue;
    const path = route.path.replace(/:(\w+)\{\.\+(:\w+)\}/g, '{$1}$2').replace(/(?<=\/):(\w+)(\{[^}]*\})?/g, '{$1}');
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'GenAI Platform', version, description: 'LLM gateway and observability. Not affiliated with LiteLLM or Langfuse.' },
    components: {
      securitySchemes: { virtualKey: { type: 'http', scheme: 'bearer' }, projectKeys: { type: 'http', scheme: 'basic' } },
    },
    paths,
  };
}

function operation(route: Route): Record<string, unknown> {
  const pathParameters = [...route.path.matchAll(/:(\w+)/g)].map((match) => ({ name: match[1], in: 'path', required: true, schema: { type: 'string' } }));
  return {
    summary: route.summary,
    tags: [route.surface],
    parameters: [...pathParameters, ...queryParameters(route)],
    ...(route.access.includes('anonymous') ? {} : { security: [route.surface === 'observe' ? { projectKeys: [] } : { virtualKey: [] }] }),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } } }),
    responses: {
      200: {
        description: 'Success',
        ...(route.response === undefined ? {} : { content: { 'application/json': { schema: jsonSchema(route.response, 'output') } } }),
      },
    },
  };
}

function queryParameters(route: Route): unknown[] {
  if (route.query === undefined) return [];
  const schema = jsonSchema(route.query, 'input') as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
  return rest;
}
