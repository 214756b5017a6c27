// Every route of the public API that the records alone answer, as one list: the front serves them itself, with or without the engine.
import type { Egress } from '#http/egress.ts';
import type { Route } from '#http/route.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Records } from '#stores/records/port.ts';
import { alertReceiverRoutes, type ReceiverRouteParts } from './alerts/receiver-routes.ts';
import { alertRuleRoutes } from './alerts/rule-routes.ts';
import { queueOverviewRoutes } from './annotation-queues/overview-routes.ts';
import { annotationQueueRoutes } from './annotation-queues/routes.ts';
import type { AskEngine } from './api/ask-engine.ts';
import { exportConsoleRoutes } from './blob-export/console-routes.ts';
import { blobExportRoutes } from './blob-export/routes.ts';
import type { SaveParts } from './blob-export/save.ts';
import type { ClientLedger } from './clients/ledger.ts';
import { clientRoutes } from './clients/routes.ts';
import type { CodeSandbox } from './code-evaluators/port.ts';
import { commentRoutes } from './comments/routes.ts';
import { dashboardRoutes } from './dashboards/dashboard-routes.ts';
import { placementRoutes } from './dashboards/placement-routes.ts';
import { widgetRoutes } from './dashboards/widget-routes.ts';
import { datasetRoutes } from './datasets/routes.ts';
import { datasetRunRoutes } from './datasets/run-routes.ts';
import { redriveRoutes } from './dead-letters/redrive.ts';
import { projectDeletionRoutes } from './deletion/project-deletion.ts';
import { evaluatorRoutes } from './evaluation/evaluator-routes.ts';
import { queueRoutes } from './evaluation/queue-routes.ts';
import { ruleRoutes } from './evaluation/rule-routes.ts';
import { trialRoutes } from './evaluation/trial-routes.ts';
import { experimentJobRoutes } from './experiment-jobs/routes.ts';
import { comparisonRoutes } from './experiments/comparison-routes.ts';
import type { IngestDependencies } from './ingest/door.ts';
import type { AskModel } from './llm-connections/chat.ts';
import { llmConnectionRoutes } from './llm-connections/routes.ts';
import { maskingRoutes } from './masking/routes.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { type MediaDependencies, mediaRoutes } from './media/routes.ts';
import { createUrlSigner } from './media/signed-url.ts';
import { memberRoutes } from './members/routes.ts';
import { modelRoutes } from './models/routes.ts';
import type { PlaygroundWays } from './playground/port.ts';
import { playgroundRoutes } from './playground/routes.ts';
import { protectedLabelRoutes } from './prompts/protected-label-routes.ts';
import { promptRoutes } from './prompts/routes.ts';
import { repricingRoutes } from './repricing/routes.ts';
import { retentionRoutes } from './retention/routes.ts';
import { samplingRoutes } from './sampling/routes.ts';
import { savedViewRoutes } from './saved-views/routes.ts';
import { scoreConfigRoutes } from './score-configs/routes.ts';

export interface RecordRoutesDependencies {
  records: Records;
  ask: AskEngine;
  blobs: Blobs;
  /** Derives the keys of what this room signs and encrypts. */
  instanceSecret: Buffer;
  /** How models and given addresses are reached. */
  outgoing: { egress: Pick<Egress, 'check'>; sealer: Sealer; askModel: AskModel; playground: PlaygroundWays };
  /** Runs evaluators in code; null where they are switched off. */
  sandbox: CodeSandbox | null;
  /** Who talks to this process. */
  clients: ClientLedger;
  /** How receivers of alerts are reached. */
  alerts: Omit<ReceiverRouteParts, 'records'>;
  /** How buckets of scheduled exports are reached. */
  exports: SaveParts;
  /** Where calls without a project of their own go. */
  homeProjectId: () => string;
  /** Of the platform, as the tools' server says it. */
  version: string;
  /** The way into the journal, for what is sent again, and what is stored instead of a medium that is text; absent = neither is there. */
  ingestion?: IngestDependencies & { maskMedia: NonNullable<MediaDependencies['mask']> };
}

export function createRecordRoutes(dependencies: RecordRoutesDependencies): Route[] {
  const { records, ask, blobs, instanceSecret, outgoing, sandbox, alerts, exports, clients, homeProjectId, ingestion, version } = dependencies;
  const signer = createUrlSigner(instanceSecret);
  return [
    ...promptRoutes(records),
    ...protectedLabelRoutes(records),
    ...scoreConfigRoutes(records),
    ...datasetRoutes(records, signer),
    ...datasetRunRoutes(records, ask),
    ...mediaRoutes({ records, blobs, signer, ...(ingestion === undefined ? {} : { mask: ingestion.maskMedia }) }),
    ...commentRoutes(records, ask),
    ...annotationQueueRoutes(records),
    ...queueOverviewRoutes(records),
    ...memberRoutes(records),
    ...savedViewRoutes(records),
    ...clientRoutes(clients),
    ...modelRoutes(records),
    ...retentionRoutes(records),
    ...samplingRoutes(records),
    ...llmConnectionRoutes({ records, ...outgoing }),
    ...playgroundRoutes(outgoing.playground),
    ...experimentJobRoutes(records, outgoing.playground),
    ...evaluatorRoutes({ records, sandbox }),
    ...trialRoutes({ records, ask, sandbox }),
    ...ruleRoutes({ records, ask }),
    ...queueRoutes({ records, ask }),
    ...comparisonRoutes({ records, ask }),
    ...alertRuleRoutes({ records, ask, linkOf: alerts.linkOf }),
    ...alertReceiverRoutes({ records, ...alerts }),
    ...blobExportRoutes(exports),
    ...exportConsoleRoutes(exports),
    ...dashboardRoutes(records),
    ...placementRoutes(records),
    ...widgetRoutes(records),
    ...maskingRoutes(records),
    ...mcpRoutes({ records, ask, version }),
    ...repricingRoutes(records),
    ...projectDeletionRoutes({ records, homeProjectId }),
    ...(ingestion === undefined ? [] : redriveRoutes({ ingestion, ask })),
  ];
}
