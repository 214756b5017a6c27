// POST /api/public/dead-letters/redrive: events go into the journal once more as they came (today's masking included), refused rows into their tables; then the letters leave. A second try after a crash finds the same entities, so nothing stands twice.
import type { Route, RouteContext } from '#http/route.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { bodyOf } from '#observe/api/body.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import { accept } from '#observe/ingest/accept.ts';
import { doorOf, type IngestDependencies } from '#observe/ingest/door.ts';
import { planOf } from './plan.ts';
import { choice } from './routes.ts';
import type { Letter } from './sql.ts';

export interface RedriveDependencies {
  ingestion: IngestDependencies;
  ask: AskEngine;
}

interface Failed {
  id: string;
  problem: string;
}

export function redriveRoutes(dependencies: RedriveDependencies): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/public/dead-letters/redrive',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['project-key'],
      summary: 'Send events and rows that could not be stored again, by id or by reason, up to 100 at once',
      body: choice,
      handle: (context) => redrive(dependencies, context),
    },
  ];
}

async function redrive({ ingestion, ask }: RedriveDependencies, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const asked = await bodyOf(http, choice);
  const { letters, total } = (await ask(principal, '/engine/dead-letters/take', asked)) as { letters: Letter[]; total: number };
  const door = doorOf(ingestion);
  const failed: Failed[] = [];
  const rows: string[] = [];
  const sent = await Promise.all(
    letters.map(async (letter): Promise<string | null> => {
      const plan = planOf(letter);
      if ('problem' in plan) failed.push({ id: letter.id, problem: plan.problem });
      else if ('table' in plan) rows.push(letter.id);
      else {
        await accept(door.journal, door.mask, { kind: plan.kind, projectId, header: plan.header, body: plan.body });
        return letter.id;
      }
      return null;
    }),
  );
  const done = sent.filter((id) => id !== null);
  if (rows.length > 0) {
    const put = (await ask(principal, '/engine/dead-letters/rows', { ids: rows })) as { done: string[]; failed: Failed[] };
    done.push(...put.done);
    failed.push(...put.failed);
  }
  if (done.length > 0) await ask(principal, '/engine/dead-letters/done', { ids: done });
  return http.json({ redriven: done.length, failed, left: total - done.length });
}
