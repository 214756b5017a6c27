// fast-check as the tests get it (by an alias in vitest.config.ts): with one seed, so that the same tree gives the same result; `npm run fuzz` looks further.
import fastCheck from '../node_modules/fast-check/lib/fast-check.js';

/** GENAI_FUZZ_SEED=<whole number> replaces the seed, `random` takes a new one each time; a failure prints the one it had. */
const wanted = process.env.GENAI_FUZZ_SEED ?? '20261126';
fastCheck.configureGlobal(wanted === 'random' ? {} : { seed: Number(wanted) });

// biome-ignore lint/style/noDefaultExport: the shape of the package it stands for.
export default fastCheck;
