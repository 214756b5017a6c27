// Every route of the public API that the records alone answer, as one list: the front serves them itself, with or without the engine.
import type { Route } from '#http/route.ts';
import type { Records } from '#stores/records/port.ts';
import type { AskEngine } from './api/ask-engine.ts';
import { datasetRoutes } from './datasets/routes.ts';
import { datasetRunRoutes } from './datasets/run-routes.ts';
import { promptRoutes } from './prompts/routes.ts';
import { scoreConfigRoutes } from './score-configs/routes.ts';

export interface RecordRoutesDependencies {
  records: Records;
  ask: AskEngine;
}

export function createRecordRoutes({ records, ask }: RecordRoutesDependencies): Route[] {
  return [...promptRoutes(records), ...scoreConfigRoutes(records), ...datasetRoutes(records), ...datasetRunRoutes(records, ask)];
}
