// The work on an annotation queue: one item after the other, what it is about on the left, the questions on the right, all of it by keys.
import '#mantine-later.css';
import { Anchor, Breadcrumbs, Button, Group, Progress, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { queuesQuery } from '#api/queue-queries.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange } from '#lib/session.tsx';
import { useShortcuts } from '#lib/shortcuts.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import styles from './annotation.module.css';
import { ItemView } from './item-view.tsx';
import { QuestionsOfItem } from './questions.tsx';
import { configsQuery, itemsQuery, type QueueItem } from './use-annotation.ts';
import { stepFrom } from './work-order.ts';

const route = getRouteApi('/console/project/$projectId/annotation-queues/$queueId');

export function WorkPage(): ReactNode {
  const { t } = useText();
  const { projectId, queueId } = route.useParams();
  const queues = useQuery(queuesQuery(projectId));
  const items = useQuery(itemsQuery(projectId, queueId));
  const queue = queues.data?.data.find((one) => one.id === queueId);
  const crumbs = (
    <Breadcrumbs separator="/" separatorMargin={6}>
      <Anchor size="sm" renderRoot={(props) => <Link to="/ui/annotation" search={{ project: projectId }} {...props} />}>
        {t('nav.annotation')}
      </Anchor>
      <span className="quiet truncate">{queue?.name ?? queueId}</span>
    </Breadcrumbs>
  );
  return (
    <Page title={queue?.name ?? t('nav.annotation')} filters={crumbs} tools={items.data && <Done items={items.data} />} fill>
      {(items.error ?? queues.error) && <ErrorState error={items.error ?? queues.error} onRetry={() => void items.refetch()} />}
      {items.isPending && !items.error && <Skeleton height={320} radius="md" />}
      {items.data?.length === 0 && <EmptyState title={t('annotation.emptyQueue')} hint={t('annotation.emptyQueueHint')} />}
      {items.data && items.data.length > 0 && queue && <Work projectId={projectId} configIds={queue.scoreConfigIds} items={items.data} />}
    </Page>
  );
}

function Done({ items }: { items: readonly QueueItem[] }): ReactNode {
  const { t, language } = useText();
  const completed = items.filter((item) => item.status === 'COMPLETED').length;
  return (
    <Group gap="sm" wrap="nowrap">
      <Progress w={140} value={(completed / Math.max(1, items.length)) * 100} aria-label={t('annotation.progress')} />
      <Text size="sm" className="numeric">
        {t('annotation.completedOf', { completed: formatCount(completed, language), total: formatCount(items.length, language) })}
      </Text>
    </Group>
  );
}

function Work({ projectId, configIds, items }: { projectId: string; configIds: readonly string[]; items: readonly QueueItem[] }): ReactNode {
  const { t, language } = useText();
  const mayChange = useMayChange(projectId);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(configsQuery(projectId));
  const configs = useMemo(() => configIds.flatMap((id) => all.data?.find((config) => config.id === id) ?? []), [configIds, all.data]);
  const named = items.findIndex((item) => item.id === search.item);
  const index = named >= 0 ? named : Math.max(0, stepFrom(items, -1, 'pending'));
  const item = items[index] as QueueItem;
  const go = (next: number) => next >= 0 && void navigate({ search: { item: (items[next] as QueueItem).id }, replace: true });
  const goOn = () => go(stepFrom(items, index, 'pending'));
  useShortcuts({ n: () => go(stepFrom(items, index, 'next')), p: () => go(stepFrom(items, index, 'previous')) });
  const allDone = items.every((one) => one.status === 'COMPLETED');
  return (
    <div className={styles.split}>
      <ItemView key={item.id} projectId={projectId} item={item}>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" disabled={index === 0} onClick={() => go(index - 1)}>
            {t('annotation.previous')}
          </Button>
          <Text size="sm" className="numeric">
            {formatCount(index + 1, language)} / {formatCount(items.length, language)}
          </Text>
          <Button size="compact-sm" variant="default" disabled={index === items.length - 1} onClick={() => go(index + 1)}>
            {t('annotation.next')}
          </Button>
        </Group>
      </ItemView>
      <aside className={styles.questions} aria-label={t('annotation.questions')}>
        {allDone && <Text c="dimmed">{t('annotation.allDone')}</Text>}
        {all.error && <ErrorState error={all.error} onRetry={() => void all.refetch()} />}
        {all.isPending && !all.error && <Skeleton height={160} />}
        {all.data && <QuestionsOfItem key={item.id} projectId={projectId} item={item} configs={configs} mayWrite={mayChange} onCompleted={goOn} />}
      </aside>
    </div>
  );
}
