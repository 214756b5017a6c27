// トレースのログレコードの文言。
export const traceLogsJa = {
  'traceLogs.logs': 'ログ',
  'traceLogs.none': '該当するログはありません。OTLP で /api/public/otel/v1/logs に送信できます。',
  'traceLogs.more': '新しい {{count}} 件を表示しています。続きは GET /api/public/otel/logs で取得できます。',
};
