// Migrations of the records are numbered without gaps or doubles: two branches that land one after the other would otherwise take the same number unseen.
import { expect, it } from 'vitest';
import { ownMigrations } from '../server/src/stores/records/migrate.ts';

it('every migration of the records has its own number', () => expect(ownMigrations().length).toBeGreaterThan(0));
