// `logging` of a key's or team's metadata, and the body of /team/{id}/callback: read as receivers, shown without their secrets.
import { AppError } from '#lib/errors.ts';
import { isFields, wordOf } from '#lib/json.ts';
import { CALLBACK_KINDS, type CallbackTarget, callbackKindOf, variablesOf } from '#settings/callback-kinds.ts';

export interface LoggingEntry {
  readonly callback_name?: unknown;
  readonly callback_type?: unknown;
  readonly callback_vars?: unknown;
}

const TYPES: Readonly<Record<string, { success: boolean; failure: boolean }>> = {
  success: { success: true, failure: false },
  failure: { success: false, failure: true },
  success_and_failure: { success: true, failure: true },
};

/** What a masked value ends with. */
const MASK = '****';

/**
 * An entry as a receiver. A value that is a mask (a client sends back what it was shown) stands for the value of `before`.
 * @throws AppError 400 that says what is wrong.
 */
export function readEntry(entry: LoggingEntry, before: readonly CallbackTarget[]): CallbackTarget {
  const name = entry.callback_name;
  const kind = typeof name === 'string' ? callbackKindOf(name) : null;
  if (typeof name !== 'string' || kind === null) throw invalid(`callback_name must be one of ${CALLBACK_KINDS.join(', ')}.`, 'callback_name');
  const type = TYPES[wordOf(entry.callback_type ?? 'success_and_failure')];
  if (type === undefined) throw invalid('callback_type must be success, failure or success_and_failure.', 'callback_type');
  const given = isFields(entry.callback_vars) ? entry.callback_vars : {};
  checkTexts(given);
  const kept = before.find((target) => target.name === name)?.variables ?? {};
  const { variables, missing } = variablesOf(kind, given);
  for (const [variable, value] of Object.entries(variables)) if (value.endsWith(MASK) && kept[variable] !== undefined) variables[variable] = kept[variable];
  if (missing.length > 0) throw invalid(`callback_vars lacks ${missing.map((variable) => variable.toLowerCase()).join(', ')}.`, 'callback_vars');
  checkAddresses(variables);
  return { kind, name, ...type, variables };
}

/** The entry as it may be shown. */
export function shownEntry(target: CallbackTarget): Required<LoggingEntry> {
  return { callback_name: target.name, callback_type: typeOf(target), callback_vars: shownVariables(target.variables) };
}

/** Variables in LiteLLM's lower case, secrets masked. */
function shownVariables(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name.toLowerCase(), shownValue(name, value)]));
}

const OPEN = /_(HOST|BUCKET_NAME|REGION_NAME|PATH|SERVICE_NAME|FORMAT|EXPORTER)$/;
const ADDRESS = /(_HOST|_ENDPOINT|_URL|_BASE_URL)$/;

/** An address without credentials and query, a name as it is, everything else masked. */
export function shownValue(name: string, value: string): string {
  if (ADDRESS.test(name) && URL.canParse(value)) {
    const { origin, pathname } = new URL(value);
    // A webhook's path may be its secret.
    return name === 'GENERIC_LOGGER_ENDPOINT' || name.includes('WEBHOOK') ? `${origin}/${MASK}` : `${origin}${pathname === '/' ? '' : pathname}`;
  }
  return OPEN.test(name) ? value : `${value.length > 12 ? value.slice(0, 4) : ''}${MASK}`;
}

function typeOf({ success, failure }: CallbackTarget): string {
  return success && failure ? 'success_and_failure' : failure ? 'failure' : 'success';
}

function checkTexts(given: Record<string, unknown>): void {
  for (const [variable, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw invalid(`callback_vars.${variable} must be text.`, 'callback_vars');
    // Whoever may write a key must not read the process's environment by it.
    if (value.startsWith('os.environ/'))
      throw invalid(`callback_vars.${variable}: variables of the process are read in config.yaml only; write the value itself.`, 'callback_vars');
  }
}

function checkAddresses(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!ADDRESS.test(name)) continue;
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
      throw invalid(`callback_vars.${name.toLowerCase()} must be an http(s) address.`, 'callback_vars');
  }
}

function invalid(message: string, param: string): AppError {
  return new AppError(message, { status: 400, code: 'bad_request_error', param });
}
