// GET /unstable/clients: which SDKs and versions talk to this server in a project's name, and what was refused and why.
import type { Route } from '#http/route.ts';
import { projectOf } from '#observe/filter/parameters.ts';
import { type ClientLedger, LEDGER_BOUNDS } from './ledger.ts';

/** The route over the ledger of the process that answers. */
export function clientRoutes(ledger: ClientLedger): Route[] {
  return [
    {
      surface: 'observe',
      dialect: 'langfuse-unstable',
      access: ['project-key'],
      method: 'GET',
      path: '/api/public/unstable/clients',
      summary: 'SDKs and versions that talk to this process, and what was refused',
      handle: ({ http, principal }) => http.json({ data: ledger.clients(projectOf(principal)), since: ledger.since(), mostClients: LEDGER_BOUNDS.clients }),
    },
  ];
}
