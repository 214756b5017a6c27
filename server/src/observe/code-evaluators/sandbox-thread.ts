// The thread that evaluators run in, and nothing else: no environment, no messages but a question and its answer. It is ended from outside whenever it is late or broken.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { SandboxQuestion } from './port.ts';
import { runSource } from './run-source.ts';

/** Evaluators get a clock that stands still, at a whole second. */
const stand = (ms: number) => {
  const standing = Math.floor(ms / 1000) * 1000;
  Date.now = () => standing;
};
const now = Date.now.bind(Date);
const { cpuMs } = workerData as { cpuMs: number };

const wasm = await WebAssembly.compile(readFileSync(fileURLToPath(import.meta.resolve('@jitl/quickjs-wasmfile-release-sync/wasm'))));

parentPort?.on('message', (question: SandboxQuestion) => {
  stand(now());
  void runSource({ wasm, cpuMs }, question).then((told) => parentPort?.postMessage(told));
});
parentPort?.postMessage('ready');
