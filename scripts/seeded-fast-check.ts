// fast-check as the tests get it (by an alias in vitest.config.ts): with one seed, so that the same tree gives the same result; `npm run fuzz` looks further.
// Values of JSON are hostile now and then: an object whose `toString` is no function faults whoever makes a text of it, and is found by chance too rarely.
import type { Arbitrary, JsonSharedConstraints, JsonValue } from 'fast-check';
import fastCheck from '../node_modules/fast-check/lib/fast-check.js';

/** GENAI_FUZZ_SEED=<whole number> replaces the seed, `random` takes a new one each time; a failure prints the one it had. */
const wanted = process.env.GENAI_FUZZ_SEED ?? '20261126';
fastCheck.configureGlobal(wanted === 'random' ? {} : { seed: Number(wanted) });

const HOSTILE = [
  '{"toString":0}',
  '[{"toString":null}]',
  '{"toString":{},"valueOf":""}',
  '{"constructor":{"prototype":1},"hasOwnProperty":0}',
  '{"length":4294967296}',
];

const jsonValue = (constraints?: JsonSharedConstraints): Arbitrary<JsonValue> =>
  fastCheck.oneof(
    { weight: 3, arbitrary: fastCheck.jsonValue(constraints) },
    { weight: 1, arbitrary: fastCheck.constantFrom(...HOSTILE).map((text) => JSON.parse(text) as JsonValue) },
  );

// biome-ignore lint/style/noDefaultExport: the shape of the package it stands for.
export default { ...fastCheck, jsonValue };
