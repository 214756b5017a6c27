// Evaluators of people run with nothing but what they are given, within their bounds, and leave nothing behind; whatever they do, the process and the next run are unharmed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CodeSandbox, LIMITS, type SandboxAnswer } from './port.ts';
import { openSandbox } from './sandbox.ts';

let sandbox: CodeSandbox;
/** For what never ends by itself. */
let hasty: CodeSandbox;
beforeAll(() => {
  sandbox = openSandbox({ threads: 1 });
  hasty = openSandbox({ threads: 1, cpuMs: 250 });
});
afterAll(async () => {
  await sandbox?.close();
  await hasty?.close();
});

const run = (source: string, context: unknown = { observation: { input: 'a', output: 'b' } }) =>
  sandbox.run({ source, contextText: context === null ? null : JSON.stringify(context) });
/** What the body of an evaluator returns. */
const returned = async (body: string, context?: unknown): Promise<unknown> => valueIn(await run(`function evaluate(ctx) { ${body} }`, context));
function valueIn(answer: SandboxAnswer): unknown {
  if (answer.kind !== 'value') throw new Error(JSON.stringify(answer));
  return JSON.parse(answer.text) as unknown;
}
const faultOf = async (source: string, by = sandbox) => {
  const answer = await by.run({ source, contextText: '{}' });
  return answer.kind === 'fault' ? answer : { message: `no fault: ${answer.text}`, line: null, again: null };
};
const stillWorks = async () => expect(await returned('return 1 + 1')).toBe(2);

describe('what an evaluator is', () => {
  it('is a function of its context, in JavaScript or TypeScript, exported or not, asynchronous or not', async () => {
    const scores = { scores: [{ name: 'length', value: 1 }] };
    const body = '{ return { scores: [{ name: "length", value: ctx.observation.input.length }] } }';
    for (const source of [
      `function evaluate(ctx) ${body}`,
      `export async function evaluate(ctx) { await null; ${body.slice(1)}`,
      `const evaluate = (ctx) => ${body};`,
      `type Context = { observation: { input: string } };\nfunction evaluate(ctx: Context): { scores: unknown[] } ${body}`,
    ])
      expect(valueIn(await run(source))).toEqual(scores);
  });

  it('names the line of what went wrong', async () => {
    expect(await faultOf('\nfunction inner(): never {\n  throw new TypeError("bad");\n}\nfunction evaluate() { return inner(); }')).toMatchObject({
      message: 'TypeError: bad',
      line: 3,
      again: false,
    });
    expect(await faultOf('const a = 1;\n\nfunction evaluate( {')).toMatchObject({ message: expect.stringMatching(/^SyntaxError: /), line: 3 });
    expect(await faultOf('let a;\nlet a;\nfunction evaluate() {}')).toMatchObject({ message: expect.stringMatching(/^SyntaxError: /), line: 2 });
    expect((await faultOf('enum Kind { A }\nfunction evaluate() {}')).message).toContain('enum is not supported');
    expect(await faultOf('\n\nfunction evaluate() {\n  for (;;);\n}', hasty)).toMatchObject({
      message: 'the evaluator used more than 250 ms of CPU',
      line: expect.any(Number),
      again: false,
    });
  });

  it('says what is missing', async () => {
    expect((await faultOf('const a = 1;')).message).toContain('there is no function evaluate');
    expect((await faultOf('const evaluate = 1;')).message).toContain('evaluate is not a function');
    expect((await faultOf('function evaluate() {}')).message).toContain('evaluate returned nothing');
    expect(await run('function evaluate() { throw 1 }', null)).toMatchObject({ kind: 'value' });
    expect(await run('function evaluate( {', null)).toMatchObject({ kind: 'fault' });
  });
});

describe('what an evaluator has', () => {
  it('has no process, network, files, modules, environment, timers, shared memory or engine beside the language', async () => {
    const names = ['process', 'require', 'fetch', 'XMLHttpRequest', 'WebSocket', 'Worker', 'WebAssembly', 'Buffer', 'setTimeout', 'setImmediate', 'console'];
    const more = ['performance', 'navigator', 'module', 'global', 'Deno', 'Bun', 'std', 'os', 'Atomics', 'postMessage', 'self', 'window', 'crypto'];
    const body = `return ${JSON.stringify([...names, ...more])}.map((name) => (0, eval)('typeof ' + name))`;
    expect(new Set((await returned(body)) as string[])).toEqual(new Set(['undefined']));
    expect(await returned('try { return import.meta ? Object.keys(import.meta) : [] } catch (e) { return String(e) }')).toEqual([]);
  });

  it('finds no way out by constructors, functions made of text or what it was given', async () => {
    for (const made of [
      'Function("return typeof process")()',
      'evaluate.constructor("return typeof process")()',
      'ctx.constructor.constructor("return typeof process")()',
      'ctx.observation.input.constructor.constructor("return typeof process")()',
      '(async () => {}).constructor("return typeof process") && typeof process',
      '(function () { return this === undefined ? "undefined" : typeof this.process })()',
      'new Function("return this")().process === undefined ? "undefined" : "leak"',
      '(() => { try { null.x } catch (e) { return e.constructor.constructor("return typeof process")() } })()',
      'Reflect.construct(Function, ["return typeof process"])()',
    ])
      expect([made, await returned(`return ${made}`)]).toEqual([made, 'undefined']);
  });

  it('imports nothing', async () => {
    for (const source of [
      'import fs from "node:fs"; function evaluate() {}',
      'const fs = await import("node:fs"); function evaluate() {}',
      'async function evaluate() { return Object.keys(await import("node:fs")) }',
      'export * from "./port.ts"; function evaluate() {}',
    ])
      expect((await faultOf(source)).message).toContain('could not load module');
  });

  it('has a clock that stands still at a whole second, and nothing else to measure with', async () => {
    const [first, last, part] = (await returned(
      'const first = Date.now(); let x = 0; for (let i = 0; i < 300000; i++) x += i; return [first, Date.now(), new Date().getMilliseconds()]',
    )) as number[];
    expect(last).toBe(first);
    expect(part).toBe(0);
    expect(Math.abs((first ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});

describe('what an evaluator may use', () => {
  it('is ended when it uses its CPU time up: loops, backtracking, jobs without end, getters of what it threw', async () => {
    for (const source of [
      'function evaluate() { for (;;); }',
      'for (;;); function evaluate() {}',
      'function evaluate() { return /^(a+)+$/.test("a".repeat(60) + "b") }',
      'async function evaluate() { for (;;) await null }',
      'function evaluate() { const again = () => Promise.resolve().then(again); return again() }',
      'function evaluate() { throw { get message() { for (;;); } } }',
      'function evaluate() { return { get scores() { for (;;); } } }',
      'function evaluate() { for (;;) { try { for (;;); } catch {} finally { continue } } }',
    ])
      expect([source, (await faultOf(source, hasty)).message]).toEqual([source, 'the evaluator used more than 250 ms of CPU']);
    expect(await hasty.run({ source: 'function evaluate() { return 1 }', contextText: '{}' })).toMatchObject({ kind: 'value', text: '1' });
  });

  it('is told that a promise which nothing resolves never will be', async () => {
    expect((await faultOf('function evaluate() { return new Promise(() => {}) }')).message).toBe('evaluate waits for a promise that nothing will ever resolve');
    expect((await faultOf('await new Promise(() => {}); function evaluate() {}')).message).toBe('evaluate waits for a promise that nothing will ever resolve');
    expect(await faultOf('async function evaluate() {\n  throw new Error("late");\n}')).toMatchObject({ message: 'Error: late', line: 2 });
  });

  it('is ended with its thread when the engine cannot be interrupted, and that may be tried again', async () => {
    const impatient = openSandbox({ threads: 1, wallMs: 300 });
    const source = 'function evaluate() { const a = "a".repeat(8e6); return a.indexOf("a".repeat(4e6) + "b") }';
    // Two of them: the second one runs in a thread of its own.
    expect(await Promise.all([faultOf(source, impatient), faultOf(source, impatient)])).toEqual(
      Array.from({ length: 2 }, () => ({ kind: 'fault', message: 'the evaluator did not end within 300 ms', line: null, again: true })),
    );
    await impatient.close();
  });

  it('gets no more memory than its bound, whatever it is for', async () => {
    for (const body of [
      'const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))',
      'const all = []; for (;;) all.push("x".repeat(1 << 20) + all.length)',
      'let text = "x"; for (;;) text += text',
      'return new Array(1e8).fill(0).length',
      'return new ArrayBuffer(2 ** 31 - 1).byteLength',
      'const all = new Map(); for (let i = 0; ; i++) all.set(i, { i })',
    ])
      expect([body, (await faultOf(`function evaluate() { ${body} }`)).message]).toEqual([
        body,
        expect.stringMatching(/out of memory|too long|memory is full|invalid array|CPU/i),
      ]);
    await stillWorks();
    // 64 MB of the engine, and what the test itself takes.
    expect(LIMITS.memoryPages * 65_536).toBe(64 << 20);
  });

  it('gets no deeper than its bound: calls, texts that nest, JSON that nests, patterns that nest', async () => {
    for (const source of [
      'function evaluate() { return evaluate() + 1 }',
      'function evaluate() { const p = new Proxy({}, { get: (t, k, r) => r[k] }); return p.x }',
      'function evaluate() { return JSON.parse("[".repeat(1e6)) }',
      'function evaluate() { return (0, eval)("(".repeat(1e5)) }',
      'function evaluate() { return new RegExp("(?:".repeat(1e5) + ")".repeat(1e5)) }',
      `function evaluate() { return ${'('.repeat(20_000)} }`,
    ])
      expect([source.slice(0, 80), (await faultOf(source)).message]).toEqual([
        source.slice(0, 80),
        expect.stringMatching(/stack|broke its sandbox|SyntaxError/),
      ]);
    await stillWorks();
  });

  it('takes and returns no more than its bounds', async () => {
    expect((await faultOf(`function evaluate() { return "x".repeat(${LIMITS.outputChars}) }`)).message).toContain(`more than ${LIMITS.outputChars} characters`);
    expect(await sandbox.run({ source: 'function evaluate() {}', contextText: `"${'x'.repeat(LIMITS.contextChars)}"` })).toMatchObject({
      kind: 'fault',
      again: false,
    });
    expect(await sandbox.run({ source: ' '.repeat(LIMITS.sourceChars + 1), contextText: '{}' })).toMatchObject({ kind: 'fault', again: false });
    expect(await returned('return ctx.length', 'x'.repeat(LIMITS.contextChars - 2))).toBe(LIMITS.contextChars - 2);
  });
});

describe('what an evaluator leaves behind', () => {
  it('changes built-ins for itself alone', async () => {
    const spoil = `
      Object.prototype.polluted = 1; Array.prototype.push = () => 0; JSON.stringify = () => '"forged"'; JSON.parse = () => ({ forged: true });
      globalThis.kept = 'secret'; String.prototype.slice = () => 'forged'; Promise.prototype.then = () => { throw 1 };
      Object.defineProperty(Object.prototype, 'toJSON', { value() { return 'hijacked' } });
      function evaluate(ctx) { return { observed: ctx.forged ?? 'as given' } }`;
    // The platform kept its own JSON before this text ran; toJSON is the language's own rule and changes this run's result only.
    expect(valueIn(await run(spoil))).toBe('hijacked');
    expect(await returned('return [typeof kept, ({}).polluted ?? null, JSON.stringify({ a: 1 }), JSON.parse("1")]')).toEqual(['undefined', null, '{"a":1}', 1]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('keeps a __proto__ of its context or its result an ordinary member', async () => {
    const context = JSON.parse('{"__proto__": {"admin": true}, "observation": {}}') as unknown;
    expect(await returned('return [ctx.admin ?? null, Object.keys(ctx)]', context)).toEqual([null, ['__proto__', 'observation']]);
  });

  it('fails alone when its result cannot be told: getters that throw, cycles, numbers that JSON has not', async () => {
    expect(await faultOf('function evaluate() { return { get scores() { throw new RangeError("no") } } }')).toMatchObject({
      message: 'RangeError: no',
      line: 1,
    });
    expect((await faultOf('function evaluate() { const a = {}; a.a = a; return a }')).message).toContain('circular');
    expect((await faultOf('function evaluate() { return 1n }')).message).toContain('BigInt');
    expect((await faultOf('function evaluate() { throw new Proxy({}, { get() { throw 1 } }) }')).message).not.toContain('no fault');
    expect((await faultOf('function evaluate() { throw undefined }')).message).not.toContain('no fault');
    expect(await returned('return [NaN, Infinity, -0]')).toEqual([null, null, 0]);
    await stillWorks();
  });
});

describe('the sandbox as a whole', () => {
  it('refuses what would wait too long, and everything once it is closed', async () => {
    const narrow = openSandbox({ threads: 1, waiting: 1 });
    const ask = () => narrow.run({ source: 'function evaluate() { return 1 }', contextText: '{}' });
    const [first, second] = [ask(), ask()];
    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'sandbox_busy' });
    expect([await first, await second]).toMatchObject([{ text: '1' }, { text: '1' }]);
    const running = narrow.run({ source: 'function evaluate() { for (;;); }', contextText: '{}' });
    await narrow.close();
    expect(await running).toMatchObject({ kind: 'fault', again: true });
    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'sandbox_closed' });
  });

  it('starts again after its threads were let go', async () => {
    const brief = openSandbox({ threads: 1, idleMs: 1 });
    const ask = () => brief.run({ source: 'function evaluate() { return 1 }', contextText: '{}' });
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await ask()).toMatchObject({ text: '1' });
    await brief.close();
  });
});
