// The queue of judgements: what waits, what was judged, and why something was not.
import '#mantine-later.css';
import type { ConsoleJobs } from '@genai/server/contract';
import { Badge, Button, Group, SegmentedControl, Skeleton, Stack, Table } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import styles from './evaluation.module.css';
import { jobsQuery, useEvaluationChanges } from './use-evaluation.ts';

type Job = ConsoleJobs['data'][number];
const STATES = ['pending', 'running', 'done', 'failed', 'skipped', 'cancelled'] as const;
const COLOURS = { pending: 'gray', running: 'ink', done: 'teal', failed: 'red', skipped: 'yellow', cancelled: 'gray' } as const satisfies Record<
  Job['state'],
  string
>;

export function QueueTab({ projectId }: { projectId: string }): ReactNode {
  const { t, language } = useText();
  const [state, setState] = useState<string>('all');
  const query = useInfiniteQuery(jobsQuery(projectId, state === 'all' ? undefined : state));
  const { retry, cancel } = useEvaluationChanges(projectId);
  const counts = query.data?.pages[0]?.counts ?? {};
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const mayChange = useMayChange(projectId);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={t('queue.state')}
          value={state}
          onChange={setState}
          data={[
            { value: 'all', label: t('queue.all') },
            ...STATES.map((one) => ({ value: one, label: `${t(`queue.state.${one}`)} ${formatCount(counts[one] ?? 0, language)}` })),
          ]}
        />
        {mayChange && (counts.failed ?? 0) > 0 && (
          <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate(null)}>
            {t('queue.retryAll')}
          </Button>
        )}
      </Group>
      {(query.error ?? retry.error ?? cancel.error) && <ErrorState error={query.error ?? retry.error ?? cancel.error} />}
      {query.isPending && <Skeleton height={160} radius="md" />}
      {query.data && rows.length === 0 && <EmptyState title={t('queue.empty')} hint={t('queue.emptyHint')} />}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={860}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('common.time')}</Table.Th>
                <Table.Th>{t('rules.evaluator')}</Table.Th>
                <Table.Th>{t('queue.target')}</Table.Th>
                <Table.Th>{t('queue.state')}</Table.Th>
                <Table.Th>{t('queue.cause')}</Table.Th>
                <Table.Th>{t('backfill.cost')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((job) => (
                <JobLine
                  key={job.id}
                  projectId={projectId}
                  job={job}
                  mayChange={mayChange}
                  onRetry={() => retry.mutate(job.id)}
                  onCancel={() => cancel.mutate(job.id)}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {query.hasNextPage && (
        <div>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('queue.more')}
          </Button>
        </div>
      )}
    </Stack>
  );
}

function JobLine({
  projectId,
  job,
  mayChange,
  onRetry,
  onCancel,
}: {
  projectId: string;
  job: Job;
  mayChange: boolean;
  onRetry: () => void;
  onCancel: () => void;
}): ReactNode {
  const { t } = useText();
  const target = `${t(`rules.target.${job.target}` as 'rules.target.trace')} ${job.targetId.slice(0, 12)}`;
  return (
    <Table.Tr>
      <Table.Td>
        <Instant at={job.createdAt} />
      </Table.Td>
      <Table.Td>{job.evaluator.name}</Table.Td>
      <Table.Td>
        {job.traceId === null ? (
          target
        ) : (
          <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId: job.traceId }}>
            {target}
          </Link>
        )}
      </Table.Td>
      <Table.Td>
        <Badge color={COLOURS[job.state]}>{t(`queue.state.${job.state}`)}</Badge>
      </Table.Td>
      <Table.Td>
        <div className={styles.cause} title={job.cause ?? undefined}>
          {job.cause ?? <span className="quiet">–</span>}
        </div>
      </Table.Td>
      <Table.Td>{job.cost === null ? <span className="quiet">–</span> : <Money value={job.cost} />}</Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          {job.judgeTraceId !== null && (
            <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId: job.judgeTraceId }}>
              {t('queue.judgeCall')}
            </Link>
          )}
          {mayChange && ['failed', 'skipped', 'cancelled'].includes(job.state) && (
            <Button variant="subtle" onClick={onRetry}>
              {t('queue.retry')}
            </Button>
          )}
          {mayChange && job.state === 'pending' && (
            <Button variant="subtle" onClick={onCancel}>
              {t('common.cancel')}
            </Button>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
