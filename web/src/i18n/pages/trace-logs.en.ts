// Texts of a trace's log records.
export const traceLogsEn = {
  'traceLogs.logs': 'Logs',
  'traceLogs.none': 'No log record names this. Send logs by OTLP to /api/public/otel/v1/logs.',
  'traceLogs.more': 'The newest {{count}} are shown; GET /api/public/otel/logs has the others.',
};
