import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { redactText } from './redact.ts';

function recorded(level: 'debug' | 'info' = 'info') {
  const lines: string[] = [];
  const log = createLog({ level, stream: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) as string) as Record<string, unknown> };
}

describe('the log', () => {
  it('writes one JSON line an event with level, time and fields', () => {
    const { log, lines, last } = recorded();
    log.with({ role: 'all' }).info('request', { status: 200, cost: 5n });
    log.debug('not at this level');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'info', role: 'all', status: 200, cost: '5', msg: 'request' });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT/);
    log.flush();
  });

  it('never writes keys, wherever they stand', () => {
    const { log, lines } = recorded();
    const key = 'sk-abcDEF_1234567890';
    log.error(`no such key ${key}`, {
      headers: { Authorization: `Bearer ${key}`, 'api-key': 'azure0secret', 'x-api-key': 'plain-secret' },
      api_key: 'whatever-secret',
      url: `https://host/v1?key=AIzaSecret&x=1`,
      database: 'postgres://user:hunter2@db/x',
      list: [{ token: `pk-lf-1234567890` }],
      error: new Error(`failed with ${key}`, { cause: new Error(key) }),
    });
    for (const secret of [key, 'azure0secret', 'plain-secret', 'whatever-secret', 'AIzaSecret', 'hunter2', 'pk-lf-1234567890']) {
      expect(lines.join(''), secret).not.toContain(secret);
    }
    expect(lines.join('')).toContain('x=1');
  });

  it('survives any field and any text, cycles included', () => {
    const { log, lines } = recorded();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info('cycle', { cycle, bytes: new Uint8Array(3), nothing: undefined });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.anything(), (text, value) => void log.info(text, { value })),
      { numRuns: 200 },
    );
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('writes an event as any other line, without secrets, and hands it on within a moment', async () => {
    const { log, lines, last } = recorded();
    const line = () => {
      const { time, ...others } = last();
      return others;
    };
    const any = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== '__proto__'),
          any,
        ),
        (fields) => {
          log.with({ role: 'all' }).event('call', fields);
          const event = line();
          log.with({ role: 'all' }).info('call', fields);
          expect(event).toEqual(line());
        },
      ),
      { numRuns: 300 },
    );
    log.event('call', { error: 'no such key sk-abcDEF_1234567890', api_key: 'whatever' });
    expect(lines.at(-1)).not.toMatch(/abcDEF|whatever/);

    const flushed = await new Promise<number>((resolve) => {
      let waiting = 0;
      const stream = { write: () => void waiting++, flush: () => resolve(waiting) };
      const quick = createLog({ level: 'info', stream });
      quick.event('call', { status: 200 });
      quick.event('call', { status: 200 });
    });
    expect(flushed).toBe(2);
  });

  it('reaches standard error whole, events and lines, when the process ends', () => {
    const script = `const { createLog } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)});
      const log = createLog({ level: 'info' });
      for (let call = 0; call < 200; call++) log.event('call', { call });
      log.info('the end');
      log.flush();`;
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(status).toBe(0);
    // What is on its way while the end flushes may come after it: each line says when it was written.
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { call?: number; msg: string });
    expect(lines.flatMap(({ call }) => call ?? []).sort((one, other) => one - other)).toEqual(Array.from({ length: 200 }, (_, call) => call));
    expect(lines.filter(({ msg }) => msg === 'the end')).toHaveLength(1);
  });

  it('keeps ordinary words readable', () => {
    for (const text of ['model gpt-4o-mini-2024-07-18', 'task-oriented risk-averse', 'sk-short', 'http://host:4000/v1/models'])
      expect(redactText(text)).toBe(text);
  });
});
