// What the command line may see of taking over and giving back: the shapes of the reports. Types only.
import type { ExportReport as LiteLlmExportReport } from './litellm/export-run.ts';
import type { ImportReport as LiteLlmImportReport } from './litellm/import-report.ts';

export type ImportReport = LiteLlmImportReport;
export type ExportReport = LiteLlmExportReport;
