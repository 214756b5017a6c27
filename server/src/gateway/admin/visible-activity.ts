// Whose spend a report may show to whom: an owner his own, and that of teams that he administers or may look at.
import { AppError } from '#lib/errors.ts';
import type { Owner } from './managers.ts';
import { permits } from './team-permissions.ts';

/** The ids that a report is about, as the owner may ask for them; unchanged for administrators. @throws AppError 403. */
export function visibleActivity(owner: Owner | null, kind: string, asked: readonly string[] | undefined): readonly string[] | undefined {
  if (owner === null) return asked;
  const own = kind === 'team' ? teamsOf(owner) : kind === 'user' && owner.key.teamId === null ? [owner.userId] : [];
  const ids = asked ?? own;
  if (ids.length > 0 && ids.every((id) => own.includes(id))) return ids;
  throw new AppError(
    'You may see your own spend with a key without a team, and that of teams that you administer or are permitted to see (/team/daily/activity).',
    {
      status: 403,
      code: 'auth_error',
    },
  );
}

function teamsOf({ memberships }: Owner): string[] {
  return memberships.filter((membership) => permits(membership, '/team/daily/activity')).map(({ teamId }) => teamId);
}
