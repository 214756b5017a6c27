// Whether two JSON values are the same, whatever the order of their members; members that say nothing (null, absent, {}) are the same.

export function isSame(one: unknown, two: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(two));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => !saysNothing(member));
  return Object.fromEntries(entries.sort(([first], [second]) => (first < second ? -1 : 1)).map(([name, member]) => [name, sorted(member)]));
}

function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
}

/** Only some members. */
export function pick(value: object, names: readonly string[]): Record<string, unknown> {
  const members = value as Record<string, unknown>;
  return Object.fromEntries(names.flatMap((name) => (members[name] === undefined || members[name] === null ? [] : [[name, members[name]]])));
}
