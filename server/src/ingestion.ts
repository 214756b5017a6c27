// What both ways into ingestion share, routes and the gRPC door: journal, checks, counts, and who a project key is.
import type { Principal } from '#identity/principal.ts';
import { invalidCredentials, type ProjectKeyDirectory } from '#identity/project-keys.ts';
import { type ClientLedger, createClientLedger } from '#observe/clients/ledger.ts';
import type { IngestDependencies } from '#observe/ingest/door.ts';
import type { MaskingDirectory } from '#observe/masking/directory.ts';
import { ingestMask, mediaMask } from '#observe/masking/mask-body.ts';
import { scoreCheck } from '#observe/score-configs/check.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { Stores } from './open-stores.ts';

/** What the doors of ingestion need, and the mask of media that come beside them. */
export type Ingestion = IngestDependencies & {
  maskMedia: ReturnType<typeof mediaMask>;
  /** Who talks to this process. */
  clients: ClientLedger;
};

/** Ingestion over the open stores; every answered event is counted. */
export function ingestionOf({ events, records }: Stores, metrics: Metrics, masking: MaskingDirectory): Ingestion {
  const ingested = metrics.counter({ name: 'genai_ingest_events_total', help: 'Events of answered batches and exports', labels: ['protocol', 'result'] });
  return {
    journal: events,
    clients: createClientLedger(),
    mask: ingestMask(masking),
    maskMedia: mediaMask(masking),
    scoreProblems: scoreCheck(records),
    count: ({ protocol, accepted, refused }) => {
      ingested.add(accepted, protocol, 'accepted');
      ingested.add(refused, protocol, 'refused');
    },
  };
}

/** Who an Authorization value is. @throws AppError 401 when it is nobody. */
export async function projectPrincipal(projectKeys: ProjectKeyDirectory, authorization: string | null): Promise<Principal> {
  const principal = await projectKeys.authenticate(authorization);
  if (principal === null) throw invalidCredentials();
  return principal;
}
