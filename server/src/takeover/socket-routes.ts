// Taking over and giving back as the command line asks for it on admin.sock: a POST with JSON, answered line by line: progress, then the report or what went wrong.
import type { Hono } from 'hono';
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import type { TakeoverDeps } from './port.ts';

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const importBody = z.object({
  databaseUrl: z.string().min(1),
  saltKeys: z.array(z.string().min(1)).max(20).default([]),
  apply: z.boolean().default(false),
  spendFrom: instant.nullable().default(null),
});

const exportBody = z.object({
  databaseUrl: z.string().min(1),
  saltKey: z.string().min(1).nullable().default(null),
  apply: z.boolean().default(false),
  spend: z.object({ from: instant, to: instant }).nullable().default(null),
});

/** Adds the routes to the socket's. One of them runs at a time: two would read each other's half-written state. */
export function addTakeoverRoutes(app: Hono, deps: TakeoverDeps): void {
  let running = false;
  const route = <Body>(path: string, body: z.ZodType<Body>, work: (input: Body, progress: (value: unknown) => void) => Promise<unknown>): void => {
    app.post(path, async (http) => {
      const input = body.parse(await http.req.json());
      if (running) throw new AppError('Another import or export runs; wait until it ends.', { status: 409, code: 'takeover_running' });
      running = true;
      return new Response(
        lines(
          async (say) => await work(input, (progress) => say({ progress })),
          () => {
            running = false;
          },
        ),
        { headers: { 'content-type': 'application/x-ndjson' } },
      );
    });
  };
  // Loaded when they are asked for: once in the life of an installation.
  route('/import/litellm', importBody, async (input, progress) => {
    const { importLiteLlm } = await import('./litellm/import-run.ts');
    return await importLiteLlm(deps, input, progress);
  });
  route('/export/litellm', exportBody, async (input, progress) => {
    const { exportLiteLlm } = await import('./litellm/export-run.ts');
    return await exportLiteLlm(deps, input, progress);
  });
}

/** A line for each thing that is said, then `{"report": …}` or `{"error": {code, message}}`. Goes on when nobody listens any more: what is begun is finished. */
function lines(work: (say: (value: unknown) => void) => Promise<unknown>, done: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let listening = true;
  return new ReadableStream({
    start(controller) {
      const say = (value: unknown): void => {
        if (listening) controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      };
      void work(say)
        .then(
          (report) => say({ report }),
          (error: unknown) => say({ error: errorView(error) }),
        )
        .finally(() => {
          done();
          if (listening) controller.close();
        });
    },
    cancel() {
      listening = false;
    },
  });
}

function errorView(error: unknown): { code: string; message: string } {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  return { code: String((error as { code?: unknown }).code ?? 'failed'), message: error instanceof Error ? error.message : String(error) };
}
