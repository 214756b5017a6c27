// Who a version of a prompt was made by, and whether that is an administrator.
import type { Principal } from '#identity/principal.ts';
import { administers } from './protected-labels.ts';

/** The name of the person behind the console's page; 'API' when a key made it. */
export const creatorOf = (principal: Principal): string => (principal.kind === 'project-key' && principal.person?.name) || 'API';

export function authorOf(principal: Principal): { createdBy: string; mayMoveProtected: boolean } {
  return { createdBy: creatorOf(principal), mayMoveProtected: administers(principal) };
}
