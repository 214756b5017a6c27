// Every route of the public API that the records alone answer, as one list: the front serves them itself, with or without the engine.
import type { Route } from '#http/route.ts';
import type { Records } from '#stores/records/port.ts';
import { promptRoutes } from './prompts/routes.ts';
import { scoreConfigRoutes } from './score-configs/routes.ts';

export interface RecordRoutesDependencies {
  records: Records;
}

export function createRecordRoutes({ records }: RecordRoutesDependencies): Route[] {
  return [...promptRoutes(records), ...scoreConfigRoutes(records)];
}
