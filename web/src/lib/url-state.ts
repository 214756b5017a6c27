// Linkable page state in the query string: plain `name=value` pairs, so that a link can be read, edited and pasted by people.

/** Query string to values; the first of a repeated name counts. Never throws. */
export function parseSearch(text: string): Record<string, string> {
  const result: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(text)) if (!(name in result)) result[name] = value;
  return { ...result };
}

/** Values to a query string with its question mark; undefined, null, false and empty text are left out. */
export function stringifySearch(values: Record<string, unknown>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === '' || value === false) continue;
    parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

/** Keeps only the named texts of a parsed query string; what is absent or empty stays absent. */
export function pickTexts<Name extends string>(values: Record<string, unknown>, names: readonly Name[]): { [K in Name]?: string } {
  const result: { [K in Name]?: string } = {};
  for (const name of names) {
    const value = values[name];
    if (typeof value === 'string' && value !== '') result[name] = value;
    else if (typeof value === 'number' || value === true) result[name] = String(value);
  }
  return result;
}

/** Where to go after the login: only a path of this console, never another origin. */
export function safeNextPath(next: string | undefined): string {
  if (next === undefined || !/^\/(ui|project)(\/|\?|$)/.test(next) || next.startsWith('/ui/login')) return '/ui/overview';
  return next;
}
