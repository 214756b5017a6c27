// Sends one message to one receiver, through the egress guard or by mail; says what went wrong and whether it may go right later.
import type { Egress } from '#http/egress.ts';
import { AppError } from '#lib/errors.ts';
import { type Facts, mailOf, type Reader, signatureOf, slackBody, teamsBody, webhookBody } from './messages.ts';
import type { Target } from './receivers-sql.ts';

/** Sends mails; made by mailer.ts. */
export interface Mailer {
  /** @throws AppError, retryable when the server may take it later. */
  send(mail: { to: readonly string[]; subject: string; text: string; messageId: string }): Promise<void>;
}

export interface SendParts {
  egress: Pick<Egress, 'request'>;
  /** Null = no mail server is set. */
  mailer: Mailer | null;
  timeZone: string;
  nowMs: () => number;
}

export interface Sending {
  target: Target;
  language: Reader['language'];
  facts: Facts;
  /** The same for every attempt: a receiver can tell a repetition. */
  deliveryId: string;
}

export type Sent = { ok: true } | { ok: false; error: string; retryable: boolean; afterSeconds: number | null };

const TIMEOUT_MS = 10_000;
const WORTH_ANOTHER_TRY = new Set([408, 409, 425, 429]);

/** Never throws. */
export async function sendMessage(parts: SendParts, sending: Sending): Promise<Sent> {
  try {
    if (sending.target.kind === 'email') return await mailed(parts, sending, sending.target.to);
    const { url, headers, body } = requestOf(parts, sending, sending.target);
    const answer = await parts.egress.request({
      url,
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'genai-platform' },
      body,
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.status >= 200 && answer.status < 300) return { ok: true };
    const said = answer.body.trim().slice(0, 200);
    const after = Number(answer.headers['retry-after']);
    return {
      ok: false,
      error: `answered ${answer.status}${said === '' ? '' : `: ${said}`}`,
      retryable: answer.status >= 500 || WORTH_ANOTHER_TRY.has(answer.status),
      afterSeconds: Number.isFinite(after) && after > 0 ? Math.min(after, 3_600) : null,
    };
  } catch (error) {
    return { ok: false, error: (error as Error).message.slice(0, 500), retryable: !(error instanceof AppError) || error.retryable, afterSeconds: null };
  }
}

function requestOf(
  { nowMs, timeZone }: SendParts,
  { language, facts, deliveryId }: Sending,
  target: Exclude<Target, { kind: 'email' }>,
): { url: string; headers: Record<string, string>; body: string } {
  if (target.kind !== 'webhook') {
    const reader = { language, timeZone };
    return { url: target.url, headers: {}, body: target.kind === 'slack' ? slackBody(facts, reader) : teamsBody(facts, reader) };
  }
  const body = webhookBody(facts, deliveryId);
  const signed: Record<string, string> = target.secret === null ? {} : { 'x-genai-signature': signatureOf(target.secret, body, nowMs()) };
  return { url: target.url, headers: { ...target.headers, 'x-genai-delivery': deliveryId, ...signed }, body };
}

async function mailed({ mailer, timeZone }: SendParts, { language, facts, deliveryId }: Sending, to: readonly string[]): Promise<Sent> {
  if (mailer === null) return { ok: false, error: 'There is no mail server: set GENAI_SMTP_URL and GENAI_MAIL_FROM.', retryable: true, afterSeconds: null };
  await mailer.send({ to, ...mailOf(facts, { language, timeZone }), messageId: deliveryId });
  return { ok: true };
}
