// Access tokens for Google Cloud: from a service account's JSON (text or file), a workload identity federation's, or the machine's own (application default credentials). Cached by Google's library.
import { readFile } from 'node:fs/promises';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, isFields, parsed, textOf } from '#lib/json.ts';

/** A token that can be had again and again; short waits, because a call waits for it. */
export type TokenSource = () => Promise<string>;

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];
const TIMEOUT_MS = 15_000;

/**
 * @param credentials JSON text, the path of a file, or null for the machine's own identity.
 * @throws AppError (when a token is asked for) 401 without usable credentials.
 */
export function googleTokens(credentials: string | null): TokenSource {
  let client: Promise<{ getAccessToken(): Promise<unknown> }> | null = null;
  return async () => {
    client ??= open(credentials);
    try {
      const token = await within(client.then((opened) => opened.getAccessToken()));
      const text = typeof token === 'string' ? token : isFields(token) ? token.token : null;
      if (typeof text !== 'string' || text === '') throw new Error('Google gave no token');
      return text;
    } catch (error) {
      client = null;
      const told = `Google Cloud gave no access token: ${(error as Error).message.slice(0, 300)}. Check vertex_credentials or the machine's own identity.`;
      throw new AppError(told, { status: 401, code: 'auth_error', cause: error });
    }
  };
}

interface Client {
  getAccessToken(): Promise<unknown>;
}

/** Loaded when the first token is asked for: most configurations have no use for it. */
async function open(credentials: string | null): Promise<Client> {
  const google = await import('google-auth-library');
  if (credentials === null) return new google.GoogleAuth({ scopes: SCOPES });
  const text = credentials.trimStart().startsWith('{') ? credentials : await readFile(credentials, 'utf8');
  const json = fieldsOf(parsed(text));
  if (json.type === 'service_account') return new google.JWT({ email: textOf(json.client_email), key: textOf(json.private_key), scopes: SCOPES });
  if (json.type === 'authorized_user') return new google.UserRefreshClient(textOf(json.client_id), textOf(json.client_secret), textOf(json.refresh_token));
  const federated = json.type === 'external_account' ? google.ExternalAccountClient.fromJSON(json as never) : null;
  if (federated === null) throw new Error(`credentials of type ${textOf(json.type).slice(0, 50) || 'unknown'} are not understood`);
  federated.scopes = SCOPES;
  return federated;
}

async function within(waiting: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), TIMEOUT_MS);
  });
  try {
    return await Promise.race([waiting, late]);
  } finally {
    clearTimeout(timer);
  }
}
