// Which degraded modes follow from what is seen: none when all is well, each from its own cause alone, the worst first.
import { expect, it } from 'vitest';
import type { ConsoleHealth } from './contract.ts';
import { degradedModes } from './platform-health.ts';

type Facts = Omit<ConsoleHealth, 'degraded'>;
const well: Facts = {
  version: '0.1.0',
  runtime: 'Node 24',
  role: 'all',
  startedAt: '2026-11-26T00:00:00.000Z',
  stores: (['records', 'analytics', 'journal', 'blobs', 'coordination'] as const).map((store) => ({ store, kind: 'files', state: 'ok' })),
  processes: 1,
  consumer: { lagRecords: 3, lagSeconds: 0.1, deadLetters: 0 },
  observations: 7,
  ledger: { queued: 0, behind: false },
  journal: { backlogBytes: 1, payloadLimitBytes: 10, level: 'ok' },
  disk: { freeBytes: 50e9, totalBytes: 100e9 },
  memoryBytes: { front: 1, engine: 1 },
  calls: { inFlight: 0, bytesInFlight: 0 },
  deployments: { total: 1, ready: 1, resting: 0 },
};
const away = (store: string): Partial<Facts> => ({ stores: well.stores.map((row) => (row.store === store ? { ...row, state: 'away' } : row)) });

it('is silent when all is well, and about stores that a role does not reach', () => {
  expect(degradedModes(well)).toEqual([]);
  expect(degradedModes({ ...well, stores: well.stores.map((row) => ({ ...row, state: 'elsewhere' })), consumer: null, disk: null })).toEqual([]);
});

it('names each cause', () => {
  const cases: [Partial<Facts>, string][] = [
    [away('records'), 'records-away'],
    [away('analytics'), 'analytics-away'],
    [away('blobs'), 'blobs-away'],
    [away('coordination'), 'coordination-away'],
    [{ journal: { ...well.journal, level: 'full' } }, 'journal-full'],
    [{ journal: { ...well.journal, level: 'warning' } }, 'journal-filling'],
    [{ ledger: { queued: 9, behind: true } }, 'ledger-behind'],
    [{ consumer: { lagRecords: 9, lagSeconds: 61, deadLetters: 0 } }, 'events-late'],
    [{ consumer: { lagRecords: 0, lagSeconds: 0, deadLetters: 1 } }, 'dead-letters'],
    [{ disk: { freeBytes: 1e9, totalBytes: 5e9 } }, 'disk-low'],
  ];
  for (const [change, mode] of cases) expect(degradedModes({ ...well, ...change })).toEqual([mode]);
  expect(degradedModes({ ...well, ...away('records'), disk: { freeBytes: 0, totalBytes: 5e9 } })).toEqual(['records-away', 'disk-low']);
});
