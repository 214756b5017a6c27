// The log records that name a trace, or one observation of it; read when somebody looks.
import { Badge, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { JsonView } from '#ui/json-view.tsx';
import styles from './scores.module.css';

interface LogRecord {
  id: string;
  timestamp: string;
  severity: string | null;
  severityText: string | null;
  serviceName: string | null;
  eventName: string | null;
  body: unknown;
  attributes: Record<string, unknown>;
}

const MOST = 200;

const COLOURS: Readonly<Record<string, string>> = { FATAL: 'red', ERROR: 'red', WARN: 'yellow' };

export function TraceLogs({ projectId, traceId, spanId }: { projectId: string; traceId: string; spanId?: string | undefined }): ReactNode {
  const { t } = useText();
  const query = useQuery({
    queryKey: ['trace-logs', projectId, traceId, spanId],
    queryFn: ({ signal }) =>
      api<{ data: LogRecord[]; meta: { cursor?: string } }>('/api/public/otel/logs', { projectId, query: { traceId, spanId, limit: MOST }, signal }),
  });
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton height={80} />;
  if (query.data.data.length === 0) return <Text c="dimmed">{t('traceLogs.none')}</Text>;
  return (
    <>
      {query.data.meta.cursor !== undefined && <Text c="dimmed">{t('traceLogs.more', { count: MOST })}</Text>}
      <ul className={styles.list}>
        {query.data.data.toReversed().map((record) => (
          <Line key={record.id} record={record} />
        ))}
      </ul>
    </>
  );
}

function Line({ record }: { record: LogRecord }): ReactNode {
  const { severity, body, attributes } = record;
  return (
    <li className={styles.item}>
      <span className="quiet">
        <Badge size="xs" color={COLOURS[severity ?? ''] ?? 'gray'} mr="xs">
          {record.severityText ?? severity ?? '–'}
        </Badge>
        <Instant at={record.timestamp} /> {record.serviceName} {record.eventName}
      </span>
      {typeof body === 'string' ? <Text size="sm">{body}</Text> : body !== null && <JsonView value={body} />}
      {Object.keys(attributes).length > 0 && <JsonView value={attributes} />}
    </li>
  );
}
