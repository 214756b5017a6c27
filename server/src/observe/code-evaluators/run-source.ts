// One run of an evaluator: an engine of its own (QuickJS as WebAssembly) that was never used before and is thrown away afterwards. It is given a text and gives one back; there is nothing else in it.
import { stripTypeScriptTypes } from 'node:module';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import { LIMITS, type SandboxAnswer, type SandboxFault, type SandboxQuestion } from './port.ts';

/** The package's types describe its CommonJS form; what Node loads is the variant itself. */
const VARIANT = variant as unknown as QuickJSSyncVariant;
const FILE = 'evaluator.ts';
const FIRST_PAGES = 256;
const JOBS_AT_ONCE = 256;
const SHOWN_MESSAGE = 500;
/** For reading what was thrown when the time was up. */
const DESCRIBE_MS = 100;

/**
 * Runs before the evaluator's text and keeps what it needs, so that a text that changes built-ins spoils its own run only.
 * `performance` is taken away and the clock stands still: a run cannot measure anything.
 */
const HARNESS = `(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const { String } = globalThis;
  delete globalThis.performance;
  const text = (read) => { try { return String(read()).slice(0, 2000); } catch { return ''; } };
  return {
    read: (json) => parse(json),
    tell: (value) => stringify(value),
    describe: (error) => stringify({
      name: text(() => error?.name ?? ''),
      message: text(() => (error !== null && typeof error === 'object' ? error.message ?? '' : error)),
      stack: text(() => error?.stack ?? ''),
    }),
  };
})()`;

/** Every module text gets one more line: what the platform calls, whether the text exports it or not. */
const CALLED = 'platform evaluate';
const EXPORT = `\n;export { evaluate as ${JSON.stringify(CALLED)} };`;

export interface RunParts {
  /** Compiled once, used for every run. */
  wasm: WebAssembly.Module;
  cpuMs: number;
}

/** Never throws. An answer that is `broken` says that the thread is not to be used again. */
export async function runSource(parts: RunParts, question: SandboxQuestion): Promise<{ answer: SandboxAnswer; broken: boolean }> {
  try {
    return { answer: await new Run(parts).of(question), broken: false };
  } catch (error) {
    if (error instanceof Refusal) return { answer: error.fault, broken: false };
    // The engine itself gave up (a trap of WebAssembly): nothing of it is trusted any more.
    return { answer: fault('the evaluator broke its sandbox: it nests too deeply, or uses too much memory at once'), broken: true };
  }
}

function fault(message: string, line: number | null = null): SandboxFault {
  return { kind: 'fault', message, line, again: false };
}

class Refusal extends Error {
  readonly fault: SandboxFault;

  constructor(message: string, line: number | null = null) {
    super(message);
    this.fault = fault(message, line);
  }
}

class Run {
  readonly #parts: RunParts;
  readonly #cpuMs: number;
  /** Extended once, to ask where the time went. */
  #allowedMs: number;
  readonly #began = process.threadCpuUsage();
  #expired = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#cpuMs = parts.cpuMs;
    this.#allowedMs = this.#cpuMs;
  }

  async of({ source, contextText }: SandboxQuestion): Promise<SandboxAnswer> {
    const text = withoutTypes(source);
    const { runtime, context } = await this.#engine();
    const { value: harness } = context.evalCode(HARNESS, 'harness') as { value: QuickJSHandle };
    const tools = { context, runtime, harness };
    const called = this.#load(tools, text);
    if (contextText === null) return { kind: 'value', text: 'null', cpuMs: this.#usedMs() };
    const given = this.#call(tools, context.getProp(harness, 'read'), context.newString(contextText));
    const result = this.#settled(tools, this.#call(tools, called, given));
    return { kind: 'value', text: this.#told(tools, result), cpuMs: this.#usedMs() };
  }

  async #engine(): Promise<{ runtime: QuickJSRuntime; context: QuickJSContext }> {
    const wasmMemory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: LIMITS.memoryPages });
    const engine = await newQuickJSWASMModuleFromVariant(newVariant(VARIANT, { wasmModule: this.#parts.wasm, wasmMemory }));
    const runtime = engine.newRuntime();
    runtime.setMaxStackSize(LIMITS.stackBytes);
    runtime.setInterruptHandler(() => this.#isOver());
    return { runtime, context: runtime.newContext() };
  }

  #usedMs(): number {
    const { user, system } = process.threadCpuUsage(this.#began);
    return (user + system) / 1000;
  }

  #isOver(): boolean {
    this.#expired ||= this.#usedMs() > this.#allowedMs;
    return this.#expired;
  }

  /** The function of the text. @throws Refusal when there is none. */
  #load(tools: Tools, text: string): QuickJSHandle {
    const { context } = tools;
    const loaded = context.evalCode(text + EXPORT, FILE, { type: 'module' });
    if (loaded.error !== undefined) throw this.#refusalOf(tools, loaded.error);
    const module = this.#settled(tools, loaded.value);
    const called = context.getProp(module, CALLED);
    if (context.typeof(called) !== 'function') throw new Refusal('evaluate is not a function: write function evaluate(ctx) { return { scores: [...] }; }');
    return called;
  }

  #call(tools: Tools, called: QuickJSHandle, argument: QuickJSHandle): QuickJSHandle {
    const { context } = tools;
    const result = context.callFunction(called, context.undefined, argument);
    if (result.error !== undefined) throw this.#refusalOf(tools, result.error);
    return result.value;
  }

  /** Promises are waited for as long as something is left to do: there is nothing outside that could ever resolve one. */
  #settled(tools: Tools, value: QuickJSHandle): QuickJSHandle {
    const { context, runtime } = tools;
    for (;;) {
      const state = context.getPromiseState(value);
      if (state.type === 'fulfilled') return state.value;
      if (state.type === 'rejected') throw this.#refusalOf(tools, state.error);
      const jobs = runtime.executePendingJobs(JOBS_AT_ONCE);
      if (jobs.error !== undefined) throw this.#refusalOf(tools, jobs.error as unknown as QuickJSHandle);
      if (this.#isOver()) throw this.#timeout(null);
      if (!runtime.hasPendingJob() && context.getPromiseState(value).type === 'pending')
        throw new Refusal('evaluate waits for a promise that nothing will ever resolve');
    }
  }

  #told(tools: Tools, result: QuickJSHandle): string {
    const { context, harness } = tools;
    const told = this.#call(tools, context.getProp(harness, 'tell'), result);
    if (context.typeof(told) !== 'string') throw new Refusal('evaluate returned nothing: return { scores: [...] }');
    // A text's own length: nothing in the sandbox can lie about it.
    if (context.getNumber(context.getProp(told, 'length')) > LIMITS.outputChars)
      throw new Refusal(`evaluate returned more than ${LIMITS.outputChars} characters of JSON`);
    return context.getString(told);
  }

  #timeout(line: number | null): Refusal {
    return new Refusal(`the evaluator used more than ${this.#cpuMs} ms of CPU`, line);
  }

  #refusalOf(tools: Tools, error: QuickJSHandle): Refusal {
    const late = this.#isOver();
    if (late) this.#extend();
    const told = this.#described(tools, error);
    if (late || this.#expired) return this.#timeout(told === null ? null : lineIn(told.stack));
    if (told === null) return new Refusal('the evaluator threw something that cannot be read');
    const { name, message, stack } = told;
    if (message.includes(CALLED) || message.includes("'evaluate'"))
      return new Refusal('there is no function evaluate: write function evaluate(ctx) { return { scores: [...] }; }');
    // The engine has no room left for an error when its memory is full, and throws null.
    if (message === 'null') return new Refusal('the evaluator threw null: its memory is full, unless it threw that itself', lineIn(stack));
    const text = [name, message].filter((part) => part !== '').join(': ');
    return new Refusal(text.slice(0, SHOWN_MESSAGE) || 'the evaluator threw nothing that has a text', lineIn(stack));
  }

  #extend(): void {
    this.#allowedMs = this.#usedMs() + DESCRIBE_MS;
    this.#expired = false;
  }

  /** What was thrown, as far as it can be read: reading it runs the evaluator's own getters, within the same bounds. */
  #described({ context, harness }: Tools, error: QuickJSHandle): Record<'name' | 'message' | 'stack', string> | null {
    const told = context.callFunction(context.getProp(harness, 'describe'), context.undefined, error);
    if (told.error !== undefined || context.typeof(told.value) !== 'string') return null;
    return JSON.parse(context.getString(told.value)) as Record<'name' | 'message' | 'stack', string>;
  }
}

interface Tools {
  context: QuickJSContext;
  runtime: QuickJSRuntime;
  harness: QuickJSHandle;
}

function lineIn(stack: string): number | null {
  const found = /evaluator\.ts:(\d{1,7})/.exec(stack)?.[1];
  return found === undefined ? null : Number(found);
}

/** Types become spaces, so that lines stay what they are. @throws Refusal for what is no TypeScript; anything else when the parser broke. */
function withoutTypes(source: string): string {
  try {
    return stripTypeScriptTypes(source, { mode: 'strip' });
  } catch (error) {
    const { code, message, stack = '' } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_INVALID_TYPESCRIPT_SYNTAX' && code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') throw error;
    // The parser says the line only at the beginning of its stack.
    const line = /^[^\n]*?:(\d{1,7})\n/.exec(stack)?.[1];
    throw new Refusal(`SyntaxError: ${message.trim().slice(0, SHOWN_MESSAGE)}`, line === undefined ? null : Number(line));
  }
}
