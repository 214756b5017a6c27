// The script language of the fake provider: `name;key=value;key=value`, written where a model or Azure deployment name stands.

/** One scripted behaviour, for example `sse;deltas=5;pace=2` or `status;code=503`. */
export interface Mode {
  name: string;
  options: ReadonlyMap<string, string>;
}

/** Parses a mode; anything that is not a known name behaves as `fixed` (or `sse` when a stream is asked for). */
export function parseMode(text: string): Mode {
  const [name = '', ...pairs] = text.split(';');
  const options = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    options.set(equals < 0 ? pair : pair.slice(0, equals), equals < 0 ? '1' : pair.slice(equals + 1));
  }
  return { name, options };
}

/** A whole-number option, or `fallback` when it is absent. */
export function numberOption(mode: Mode, key: string, fallback: number): number {
  const value = mode.options.get(key);
  return value === undefined ? fallback : Number(value);
}

/** Every form in which upstreams say when to come back, as response headers. */
export const RETRY_AFTER_FORMS: Readonly<Record<string, (value: string | undefined) => Record<string, string>>> = {
  none: () => ({}),
  seconds: (value) => ({ 'retry-after': value ?? '1' }),
  date: (value) => ({ 'retry-after': new Date(Date.now() + Number(value ?? 2) * 1000).toUTCString() }),
  ms: (value) => ({ 'retry-after-ms': value ?? '20' }),
  'x-ms': (value) => ({ 'x-ms-retry-after-ms': value ?? '20' }),
  garbage: () => ({ 'retry-after': 'soon, promised' }),
  negative: () => ({ 'retry-after': '-5' }),
  huge: () => ({ 'retry-after': '1000000000000' }),
};
