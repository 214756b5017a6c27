// Who may spend from the console: a member of the project who is signed in. A key is no person: nobody could be named in the ledger.
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { PlaygroundPerson } from './port.ts';

/** @throws AppError 403. */
export function personOf(principal: Principal): PlaygroundPerson {
  if (principal.kind === 'project-key' && principal.person !== undefined && principal.person.role !== 'viewer') {
    const { projectId, organizationId, person } = principal;
    return { projectId, organizationId, userId: person.userId, name: person.name };
  }
  throw new AppError('This is for members of the project who are signed in to the console. With a key, call the gateway itself.', {
    status: 403,
    code: 'ForbiddenError',
  });
}
