// Projects: unit (beside the code, runs anywhere), web (console logic), e2e (a started process and real clients), real (servers from Debian), perf (serial, timed).
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const shared = { environment: 'node' as const, testTimeout: 30_000, hookTimeout: 60_000 };
/** Properties run from one seed: main is green or it is not, whatever the day (scripts/seeded-fast-check.ts). */
const resolve = { alias: [{ find: /^fast-check$/, replacement: join(import.meta.dirname, 'scripts/seeded-fast-check.ts') }] };

/** Both cores of a small machine: left alone, the runner keeps one for itself and the other half of the time is waiting. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      {
        resolve,
        test: {
          ...shared,
          name: 'unit',
          include: ['server/src/**/*.test.ts', 'cli/src/**/*.test.ts', 'infra/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
        },
      },
      { resolve, test: { ...shared, name: 'web', include: ['web/src/**/*.test.ts', 'web/src/**/*.test.tsx'] } },
      { resolve, test: { ...shared, name: 'e2e', include: ['e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 180_000, fileParallelism: false } },
    ],
  },
});
