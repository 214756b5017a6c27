// GET /api/console/sessions (contract.ts): the sessions that were active in a range, the latest active first.
import { z } from 'zod';
import type { ConsoleSessionRow, ConsoleSessions } from '#contract.ts';
import type { RouteContext } from '#http/route.ts';
import { formatPicos, parsePicos } from '#lib/money.ts';
import { limitParameter, parameters, wordParameter } from '#observe/filter/parameters.ts';
import { isoMs } from '#observe/filter/values.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import { assertUser, consoleRange, decodeCursor, encodeCursor, projectParameter, rangeParameters } from './parameters.ts';
import { type SessionFigures, type SessionRow, sessionFigures, sessionRows } from './sessions-sql.ts';

export const sessionsParameters = z.object({
  projectId: projectParameter,
  ...rangeParameters,
  limit: limitParameter(100),
  cursor: wordParameter,
  search: wordParameter,
});

export async function listSessions(analytics: Analytics, { http, principal }: RouteContext): Promise<Response> {
  assertUser(principal);
  const asked = parameters(http, sessionsParameters);
  const query = { projectId: asked.projectId, range: consoleRange(asked), search: asked.search };
  const before = asked.cursor === undefined ? null : decodeCursor(asked.cursor);
  const found = await analytics.query<SessionRow>(sessionRows(query, asked.limit + 1, before));
  const rows = found.slice(0, asked.limit);
  const ids = rows.map((row) => row.id);
  const figures = ids.length === 0 ? [] : await analytics.query<SessionFigures>(sessionFigures(query.projectId, query.range, ids));
  const figuresById = new Map(figures.map((row) => [row.session_id, row]));
  const last = found.length > asked.limit ? rows.at(-1) : undefined;
  const answer: ConsoleSessions = {
    data: rows.map((row) => rowOf(row, figuresById.get(row.id))),
    nextCursor: last ? encodeCursor({ timestamp: last.last_at, id: last.id }) : null,
  };
  return http.json(answer);
}

function rowOf(row: SessionRow, figures: SessionFigures | undefined): ConsoleSessionRow {
  return {
    id: row.id,
    firstAt: isoMs(row.first_at),
    lastAt: isoMs(row.last_at),
    traces: Number(row.traces),
    users: row.users,
    environment: row.environment,
    errors: Number(figures?.errors ?? 0),
    totalTokens: Number(figures?.total_tokens ?? 0),
    totalCost: figures && figures.priced !== '0' ? formatPicos(parsePicos(figures.total_cost)) : null,
  };
}
