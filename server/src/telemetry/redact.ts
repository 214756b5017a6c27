// Takes key-like text out of whatever is about to be logged: by the name of a field and by the look of a value.

const SECRET_NAMES =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|password|secret|.*[-_]?(?:api[-_]?key|secret[-_]?key|access[-_]?token|master[-_]?key))$/i;
const SECRET_VALUES =
  /\b(?:(?:sk|pk)-[\w-]{8,}|(?:Bearer|Basic)\s+[\w+/=.~-]{8,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|AKIA[0-9A-Z]{12,}|gsk_\w{16,}|AIza[\w-]{20,})|(?<=:\/\/[^\s/:@]{0,100}:)[^\s/@]+(?=@)/gi;
const QUERY_SECRETS = /([?&](?:key|api[-_]?key|code|sig|signature|token)=)[^&\s"]+/gi;
/** What any of the above begins with: most values of a log line hold none of it, and this test costs a tenth of the others. */
const SUSPICIOUS = /[sp]k-|gsk_|AIza|AKIA|eyJ|bearer|basic|:\/\/|[?&]/i;
const REDACTED = '[redacted]';
const MAX_KNOWN_NAMES = 1_000;
const secretNames = new Map<string, boolean>();
const MAX_DEPTH = 6;

/** Whether text may hold something of what is taken out; false is certain. */
export function isSuspicious(text: string): boolean {
  return SUSPICIOUS.test(text);
}

/** Text without keys, tokens, credentials of URLs or secret query parameters. */
export function redactText(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return text.replace(SECRET_VALUES, REDACTED).replace(QUERY_SECRETS, `$1${REDACTED}`);
}

/** A copy of a log event without secrets; errors become name, message and stack. Deeper than six levels is cut. */
export function redactEvent(event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactObject(event, 0);
}

function redactObject(value: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) copy[name] = field && isSecretName(name) ? REDACTED : redactValue(field, depth + 1);
  return copy;
}

/** Whether a field of this name is taken out whatever its value. */
export function isSecretName(name: string): boolean {
  let secret = secretNames.get(name);
  if (secret === undefined) {
    secret = SECRET_NAMES.test(name);
    if (secretNames.size < MAX_KNOWN_NAMES) secretNames.set(name, secret);
  }
  return secret;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return Array.isArray(value) ? value.map((item) => redactValue(item, depth + 1)) : redactObject(value, depth);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  return {
    name: error.name,
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
  };
}
