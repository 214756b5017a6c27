// Mails through one SMTP server of the operator's (nodemailer), loaded with the first mail.
import { AppError } from '#lib/errors.ts';
import type { Mailer } from './send.ts';

export interface MailerOptions {
  /** smtp://user:password@host:587 or smtps://… */
  url: string;
  from: string;
}

const TIMEOUT_MS = 10_000;
/** Answers that a second attempt does not change. */
const PERMANENT = new Set(['EENVELOPE', 'EMESSAGE', 'EAUTH']);

/** Opens nothing until the first mail; a connection lasts for one mail. */
export function createMailer({ url, from }: MailerOptions): Mailer {
  const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
  return {
    async send({ to, subject, text, messageId }) {
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({ url, ...timeouts, disableFileAccess: true, disableUrlAccess: true });
      try {
        await transport.sendMail({
          from,
          to: [...to],
          subject,
          text,
          messageId: `<${messageId}@genai-platform>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        throw explained(error);
      } finally {
        transport.close();
      }
    },
  };
}

/** What the server said, without the credentials of its address. */
function explained(error: unknown): AppError {
  const { code, responseCode, response, message } = error as { code?: string; responseCode?: number; response?: string; message: string };
  const permanent = responseCode === undefined ? PERMANENT.has(code ?? '') : responseCode >= 500;
  return new AppError(`The mail server ${response === undefined ? `cannot be used (${code ?? message})` : `answered ${response.slice(0, 200)}`}`, {
    status: 502,
    code: 'mail_failed',
    retryable: !permanent,
    cause: error,
  });
}
