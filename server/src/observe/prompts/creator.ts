// Who a version of a prompt was made by.
import type { Principal } from '#identity/principal.ts';

/** The name of the person behind the console's page; 'API' when a key made it. */
export const creatorOf = (principal: Principal): string => (principal.kind === 'project-key' && principal.person?.name) || 'API';
