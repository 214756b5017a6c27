// Which keys a list may show to whom: an owner his own, and those of teams that he administers or may list.
import type { VirtualKeyQuery } from '#identity/virtual-keys.ts';
import type { Owner } from './managers.ts';
import { permits } from './team-permissions.ts';

/** The query as the owner may ask it; unchanged for administrators. */
export function visibleKeys(owner: Owner | null, query: VirtualKeyQuery): VirtualKeyQuery {
  if (owner === null) return query;
  const teamIds = owner.memberships.filter((membership) => permits(membership, '/key/list')).map(({ teamId }) => teamId);
  return { ...query, filters: { ...query.filters, visibleTo: { userId: owner.userId, teamIds, onlyTeam: owner.key.teamId } } };
}
