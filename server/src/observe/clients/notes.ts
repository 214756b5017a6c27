// What a route of ingestion knows of a request beyond its status: which SDK its body named, and what of it was refused while the rest was taken.
import type { Context } from 'hono';
import type { Principal } from '#identity/principal.ts';
import type { ClientLedger, SeenCall } from './ledger.ts';

const NOTES = 'genai.client-notes';

interface Notes {
  sdk?: { name: string; version: string };
  refusals?: { reason: string; count: number }[];
}

/** Reasons of one request that are told apart; a batch may hold thousands of faults. */
const MOST_REASONS = 20;

/** Notes who sent it and why parts of it were refused; reasons that are alike count together. */
export function noteClient(http: Context, sdk: { name: string; version: string }, reasons: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const reason of reasons) if (counts.has(reason) || counts.size < MOST_REASONS) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  http.set(NOTES, { sdk, refusals: [...counts].map(([reason, count]) => ({ reason, count })) } satisfies Notes);
}

export interface AnsweredCall {
  http: Context;
  principal: Principal;
  route: string;
  status: number;
  /** Why the whole of it was refused; null when it was answered. */
  refusal: string | null;
}

/** Tells the ledger of an answered request of a project's key; pages of the console are not clients. */
export function tellLedger(ledger: ClientLedger, { http, principal, route, status, refusal }: AnsweredCall): void {
  if (principal.kind !== 'project-key' || principal.person !== undefined) return;
  const notes = (http.get(NOTES) as Notes | undefined) ?? {};
  const header = (name: string): string => http.req.header(name) ?? '';
  const sdk = notes.sdk ?? {
    name: header('x-langfuse-sdk-name') || header('x_langfuse_sdk_name'),
    version: header('x-langfuse-sdk-version') || header('x_langfuse_sdk_version'),
  };
  const noted = notes.refusals ?? [];
  const unsaid = status >= 400 && noted.length === 0 ? `HTTP ${status}` : null;
  const whole = refusal ?? unsaid;
  const call: SeenCall = {
    projectId: principal.projectId,
    sdk,
    userAgent: header('user-agent'),
    route,
    refusals: [...(whole === null ? [] : [{ reason: whole, count: 1 }]), ...noted],
  };
  ledger.saw(call);
}
