// What the login process and the doors' process say to each other; everything survives a structured clone. Types only.
import type { OperationName, RecordsOperation } from './login-records.ts';

/** How the library is set up. */
export interface LoginSetup {
  /** Signs the session cookies. */
  secret: string;
  secureCookies: boolean;
  attemptsPerMinute: number;
}

export interface PlainRequest {
  url: string;
  method: string;
  headers: [string, string][];
  body: Uint8Array | null;
}

export interface PlainResponse {
  status: number;
  headers: [string, string][];
  body: Uint8Array;
}

/** To the login process; `setup` is the first. */
export type ToLogin =
  | { kind: 'setup'; setup: LoginSetup }
  | { kind: 'request'; id: number; request: PlainRequest }
  | { kind: 'records'; id: number; value: unknown; failed: boolean };

/** From the login process. `response` is null when the library failed for a reason that is not the client's. */
export type FromLogin =
  | { kind: 'response'; id: number; response: PlainResponse | null; reason: string | null }
  | { kind: 'records'; id: number; name: OperationName; operation: RecordsOperation };
