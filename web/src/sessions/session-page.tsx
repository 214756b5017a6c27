// One session: its traces as one conversation, oldest first, each with the way to its tree.
import '#mantine-later.css';
import { Anchor, Breadcrumbs, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { AddToQueue } from '#content/add-to-queue.tsx';
import { Comments } from '#content/comments.tsx';
import { InputOutput } from '#content/input-output.tsx';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { CopyButton } from '#ui/copy-button.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { MoreButton } from '#ui/more-button.tsx';
import { Page } from '#ui/page.tsx';
import styles from './session-page.module.css';
import { type SessionTrace, sessionQuery } from './use-sessions.ts';

const route = getRouteApi('/console/project/$projectId/sessions/$sessionId');

/** Traces that are drawn before the reader asks for more: each may hold a long conversation. */
const SHOWN_TRACES = 20;

export function SessionPage(): ReactNode {
  const { t, language } = useText();
  const { projectId, sessionId } = route.useParams();
  const query = useQuery(sessionQuery(projectId, sessionId));
  const crumbs = (
    <Breadcrumbs separator="/" separatorMargin={6}>
      <Anchor size="sm" renderRoot={(props) => <Link to="/ui/sessions" search={{ project: projectId }} {...props} />}>
        {t('nav.sessions')}
      </Anchor>
      <Group gap={2} wrap="nowrap">
        <span className="numeric quiet truncate">{sessionId}</span>
        <CopyButton text={sessionId} label={t('traces.copyId')} />
      </Group>
    </Breadcrumbs>
  );
  const traces = query.data?.traces ?? [];
  const aside = query.data && (
    <Text size="sm" c="dimmed">
      {t('sessions.traceCount', { count: formatCount(traces.length, language) })}
    </Text>
  );
  return (
    <Page title={sessionId} aside={aside} filters={crumbs} tools={query.data && <Instant at={query.data.createdAt} />}>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Skeleton height={320} />}
      {query.data && (
        <>
          <Group>
            <AddToQueue target={{ projectId, objectType: 'SESSION', objectId: sessionId }} />
          </Group>
          <Conversation projectId={projectId} traces={traces} />
          <section className={styles.trace}>
            <Text size="xs" fw={600} c="dimmed" mb="xs">
              {t('comments.title')}
            </Text>
            <Comments target={{ projectId, objectType: 'SESSION', objectId: sessionId }} />
          </section>
        </>
      )}
    </Page>
  );
}

function Conversation({ projectId, traces }: { projectId: string; traces: readonly SessionTrace[] }): ReactNode {
  const [shown, setShown] = useState(SHOWN_TRACES);
  return (
    <Stack gap="md">
      {traces.slice(0, shown).map((trace) => (
        <section key={trace.id} className={styles.trace} aria-label={trace.name ?? trace.id}>
          <Group justify="space-between" gap="sm" className={styles.head}>
            <Anchor
              size="sm"
              fw={600}
              renderRoot={(props) => <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId: trace.id }} {...props} />}
            >
              {trace.name ?? trace.id}
            </Anchor>
            <Group gap="sm" className="quiet">
              {trace.userId && <span>{trace.userId}</span>}
              <Instant at={trace.timestamp} />
            </Group>
          </Group>
          <InputOutput input={rawOf(trace.input)} output={rawOf(trace.output)} projectId={projectId} />
        </section>
      ))}
      <MoreButton left={traces.length - shown} onMore={() => setShown(shown + SHOWN_TRACES)} />
    </Stack>
  );
}

/** The public API gives parsed values; the reader of contents takes JSON text. */
function rawOf(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
