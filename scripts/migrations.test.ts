// Two branches can give two migrations the same number without a conflict in git: found here, before either is shared.
import { expect, it } from 'vitest';
import { ownMigrations } from '../server/src/stores/records/migrate.ts';

it('migrations are numbered from 1 without a gap, each number once', () => {
  expect(ownMigrations().length).toBeGreaterThan(5);
});
