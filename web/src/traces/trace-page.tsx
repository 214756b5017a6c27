// One trace: the tree with its timeline on the left, what is selected on the right; the selection is in the URL.
import '#mantine-later.css';
import type { ConsoleTrace } from '@genai/server/contract';
import { Anchor, Badge, Breadcrumbs, Group, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { traceQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import { Page } from '#ui/page.tsx';
import { NodeDetail } from './node-detail.tsx';
import { buildTraceTree } from './rows.ts';
import styles from './trace-page.module.css';
import { TraceTreeView } from './trace-tree.tsx';

const route = getRouteApi('/console/project/$projectId/traces/$traceId');

export function TracePage(): ReactNode {
  const { t } = useText();
  const { projectId, traceId } = route.useParams();
  const query = useQuery(traceQuery(projectId, traceId));
  const name = query.data?.trace.name ?? traceId;
  const crumbs = (
    <Breadcrumbs separator="/" separatorMargin={6}>
      <Anchor size="sm" renderRoot={(props) => <Link to="/ui/traces" search={{ project: projectId }} {...props} />}>
        {t('nav.traces')}
      </Anchor>
      <Group gap={2} wrap="nowrap">
        <span className="numeric quiet truncate">{traceId}</span>
        <CopyButton text={traceId} label={t('traces.copyId')} />
      </Group>
    </Breadcrumbs>
  );
  return (
    <Page title={name} filters={crumbs} tools={query.data ? <TraceFigures data={query.data} projectId={projectId} /> : null} fill>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && (
        <Stack gap="sm">
          <Skeleton height={36} />
          <Skeleton height={320} />
        </Stack>
      )}
      {query.data && <TraceBody key={traceId} data={query.data} projectId={projectId} />}
    </Page>
  );
}

function TraceFigures({ data, projectId }: { data: ConsoleTrace; projectId: string }): ReactNode {
  const { t, language } = useText();
  const { trace } = data;
  return (
    <Group gap="4px 10px" className={styles.figures}>
      <Instant at={trace.timestamp} />
      <span className="numeric">{formatDuration(trace.latencyMs)}</span>
      <span className="numeric">{t('traces.tokenCount', { count: formatCount(trace.totalTokens, language) })}</span>
      <Money value={trace.totalCost} />
      {trace.userId && (
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/ui/traces" search={{ project: projectId, user: trace.userId as string, range: '90d' }} {...props} />}
        >
          {t('traces.user')}: {trace.userId}
        </Anchor>
      )}
      {trace.sessionId && (
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/project/$projectId/sessions/$sessionId" params={{ projectId, sessionId: trace.sessionId as string }} {...props} />}
        >
          {t('traces.session')}: {trace.sessionId}
        </Anchor>
      )}
      {trace.environment !== 'default' && <Badge color="gray">{trace.environment}</Badge>}
      {trace.tags.map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}
    </Group>
  );
}

function TraceBody({ data, projectId }: { data: ConsoleTrace; projectId: string }): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tree = useMemo(() => buildTraceTree(data), [data]);
  // A trace of one call has one thing to look at: its only observation.
  const first = tree.rows.length === 2 ? tree.rows[1] : tree.rows[0];
  const selected = tree.rows.find((row) => row.id === search.observation) ?? first;
  const select = (id: string) => void navigate({ search: id === data.trace.id ? {} : { observation: id }, replace: true });
  return (
    <div className={styles.split}>
      <TraceTreeView tree={tree} traceName={data.trace.name ?? data.trace.id} selectedId={selected?.id ?? data.trace.id} onSelect={select} />
      {selected && <NodeDetail key={selected.id} row={selected} data={data} projectId={projectId} />}
    </div>
  );
}
