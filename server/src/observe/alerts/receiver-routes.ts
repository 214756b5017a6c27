// Receivers of alerts: GET, POST /unstable/alert-receivers, GET, PUT, DELETE /{id}, and a test message (this platform's own API).
import { randomUUID } from 'node:crypto';
import type { Egress } from '#http/egress.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Sealer } from '#lib/sealed.ts';
import { bodyOf } from '#observe/api/body.ts';
import { UNSTABLE, UNSTABLE_BASE } from '#observe/evaluation/evaluator-routes.ts';
import { problem } from '#observe/evaluation/problem.ts';
import { pageMeta, parameters, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { isUniqueViolation, sql } from '#stores/records/sql.ts';
import type { Facts } from './messages.ts';
import { countReceivers, deleteReceiver, listReceivers, noteSent, openTarget, putReceiver, type ReceiverRow, receiverById } from './receivers-sql.ts';
import { pageOf, type ReceiverBody, receiverBody } from './schema.ts';
import { type SendParts, sendMessage } from './send.ts';

const MAX_RECEIVERS = 100;

export interface ReceiverRouteParts extends Omit<SendParts, 'egress'> {
  records: Records;
  sealer: Sealer;
  egress: Pick<Egress, 'check' | 'request'>;
  linkOf: (projectId: string) => string;
}

export function alertReceiverRoutes(parts: ReceiverRouteParts): Route[] {
  const path = `${UNSTABLE_BASE}/alert-receivers`;
  const one = `${path}/:alertReceiverId`;
  return [
    { ...UNSTABLE, method: 'GET', path, summary: 'List receivers of alerts, without their secrets', query: pageOf, handle: (context) => list(parts, context) },
    { ...UNSTABLE, method: 'POST', path, summary: 'Create a receiver of alerts', body: receiverBody, handle: (context) => write(parts, context, null) },
    {
      ...UNSTABLE,
      method: 'GET',
      path: one,
      summary: 'Get a receiver of alerts',
      handle: async (context) => context.http.json(receiverView(await found(parts, context))),
    },
    {
      ...UNSTABLE,
      method: 'PUT',
      path: one,
      summary: 'Replace a receiver of alerts',
      body: receiverBody,
      handle: async (context) => await write(parts, context, await found(parts, context)),
    },
    { ...UNSTABLE, method: 'DELETE', path: one, summary: 'Delete a receiver that no rule names', handle: (context) => remove(parts, context) },
    { ...UNSTABLE, method: 'POST', path: `${one}/test`, summary: 'Send a test message to a receiver', handle: (context) => test(parts, context) },
  ];
}

/** A row as the API shows it: never an address that is a secret. */
function receiverView(row: ReceiverRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    target: row.display,
    language: row.language,
    lastSentAt: row.last_sent_at?.toISOString() ?? null,
    lastError: row.last_error,
    lastErrorAt: row.last_error_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

async function list({ records, mailer }: ReceiverRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const asked = parameters(http, pageOf);
  const { rows, total } = await listReceivers(records, projectOf(principal), asked);
  return http.json({ data: rows.map(receiverView), meta: pageMeta(asked.page, asked.limit, total), mailServer: mailer !== null });
}

/** @throws AppError 404. */
async function found({ records }: ReceiverRouteParts, { http, principal }: RouteContext): Promise<ReceiverRow> {
  const row = await receiverById(records, projectOf(principal), http.req.param('alertReceiverId') ?? '');
  if (row === null) throw problem('resource_not_found', 'There is no receiver of alerts with this id.');
  return row;
}

async function write(parts: ReceiverRouteParts, { http, principal }: RouteContext, now: ReceiverRow | null): Promise<Response> {
  const { records, sealer } = parts;
  const body = await bodyOf(http, receiverBody);
  check(parts, body);
  if (now === null && (await countReceivers(records, projectOf(principal))) >= MAX_RECEIVERS)
    throw problem('conflict', `A project has at most ${MAX_RECEIVERS} receivers: delete another one first.`);
  try {
    return http.json(receiverView(await putReceiver(records, sealer, { projectId: projectOf(principal), body, now })));
  } catch (error) {
    if (isUniqueViolation(error)) throw problem('name_conflict', `There is a receiver named ${body.name} already: change that one.`);
    throw error;
  }
}

/** @throws AppError 400 for an address that may not be reached, 422 without a mail server. */
function check({ egress, mailer }: ReceiverRouteParts, body: ReceiverBody): void {
  if (body.kind !== 'email') egress.check(body.url);
  else if (mailer === null)
    throw new AppError('There is no mail server: an operator sets GENAI_SMTP_URL and GENAI_MAIL_FROM.', { status: 422, code: 'unprocessable_content' });
}

async function remove({ records }: ReceiverRouteParts, { http, principal }: RouteContext): Promise<Response> {
  const outcome = await records.transaction((session) => deleteReceiver(session, projectOf(principal), http.req.param('alertReceiverId') ?? ''));
  if (outcome === 'absent') throw problem('resource_not_found', 'There is no receiver of alerts with this id.');
  if (outcome === 'used') throw problem('conflict', 'A rule tells this receiver: take it out of the rule first.');
  return http.json({ message: 'Receiver successfully deleted' });
}

/** Sends now and says how it went; nothing is tried again. */
async function test(parts: ReceiverRouteParts, context: RouteContext): Promise<Response> {
  const { records, sealer, nowMs, linkOf } = parts;
  const row = await found(parts, context);
  const [project] = await records.query<{ name: string }>(sql`SELECT name FROM projects WHERE id = ${row.project_id}`);
  const at = new Date(nowMs()).toISOString();
  const facts: Facts = {
    event: 'test',
    firingId: 'test',
    project: { id: row.project_id, name: project?.name ?? '' },
    rule: { id: 'test', name: row.name, description: TEST[row.language], severity: 'info', kind: 'threshold' },
    condition: 'count_count > 0',
    windowMinutes: 1,
    value: 1,
    firedAt: at,
    endedAt: null,
    endReason: null,
    link: linkOf(row.project_id),
  };
  const startedAt = performance.now();
  const sent = await sendMessage(parts, { target: openTarget(sealer, row), language: row.language, facts, deliveryId: `test-${randomUUID()}` });
  await noteSent(records, row.id, sent.ok ? null : sent.error);
  return context.http.json({ sent: sent.ok, error: sent.ok ? null : sent.error, latencyMs: Math.round(performance.now() - startedAt) });
}

const TEST = { en: 'A test message: this receiver works.', ja: 'テストメッセージです。この送信先は利用できます。' } as const;
