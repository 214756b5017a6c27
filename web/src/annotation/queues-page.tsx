// The annotation queues of a project: how far each is, who works on it, and the way to the work.
import '#mantine-later.css';
import { Badge, Button, Group, Progress, SegmentedControl, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Member, membersQuery, nameOf } from '#api/people-queries.ts';
import { type Queue, queuesQuery } from '#api/queue-queries.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange, useProjectId, useSession } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { QueueDialog } from './queue-dialog.tsx';
import type { QueuesSearch } from './url.ts';
import { useQueueChanges } from './use-annotation.ts';

const route = getRouteApi('/console/ui/annotation');

export function QueuesPage(): ReactNode {
  const { t } = useText();
  const { user } = useSession();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [creating, setCreating] = useState(false);
  const projectId = useProjectId(search.project);
  const mayChange = useMayChange(projectId);
  const query = useQuery(queuesQuery(projectId ?? ''));
  const members = useQuery({ ...membersQuery(projectId ?? ''), enabled: projectId !== null });
  const mine = search.mine === 'true';
  const rows = (query.data?.data ?? []).filter((queue) => !mine || queue.assigneeIds.includes(user.id));
  const columns = useColumns(projectId ?? '', members.data?.data);
  const update = (change: Partial<QueuesSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as QueuesSearch, replace: true });
  const create = mayChange && projectId !== null && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      {t('annotation.create')}
    </Button>
  );
  return (
    <>
      <ListPage
        title={t('nav.annotation')}
        projectId={projectId}
        onProject={(project) => update({ project })}
        tools={create}
        filters={
          <SegmentedControl
            size="xs"
            aria-label={t('annotation.whose')}
            value={mine ? 'mine' : 'all'}
            data={[
              { value: 'all', label: t('annotation.all') },
              { value: 'mine', label: t('annotation.mine') },
            ]}
            onChange={(value) => update({ mine: value === 'mine' ? 'true' : '' })}
          />
        }
        query={{ ...query, hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined }}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onOpen={(row) =>
          void navigate({ to: '/project/$projectId/annotation-queues/$queueId', params: { projectId: projectId as string, queueId: row.id }, search: {} })
        }
        empty={
          mine ? (
            <EmptyState title={t('annotation.noneMine')} hint={t('annotation.noneMineHint')} />
          ) : (
            <EmptyState title={t('annotation.none')} hint={t('annotation.noneHint')} />
          )
        }
      />
      {projectId !== null && <QueueDialog opened={creating} projectId={projectId} onClose={() => setCreating(false)} />}
    </>
  );
}

function useColumns(projectId: string, members: readonly Member[] | undefined): Column<Queue>[] {
  const { t } = useText();
  return [
    { id: 'name', header: t('traces.name'), width: 'minmax(140px, 1.4fr)', render: (row) => <span className="truncate">{row.name}</span> },
    {
      id: 'description',
      header: t('datasets.description'),
      width: 'minmax(100px, 1.6fr)',
      minTableWidth: 900,
      render: (row) => row.description ?? <span className="quiet">–</span>,
    },
    { id: 'progress', header: t('annotation.progress'), width: 'minmax(150px, 1.2fr)', render: (row) => <QueueProgress queue={row} /> },
    {
      id: 'assignees',
      header: t('annotation.assigned'),
      width: 'minmax(90px, 1fr)',
      minTableWidth: 640,
      render: (row) => (row.assigneeIds.length === 0 ? <span className="quiet">–</span> : row.assigneeIds.map((userId) => nameOf(members, userId)).join(', ')),
    },
    { id: 'created', header: t('datasets.created'), width: '128px', minTableWidth: 760, render: (row) => <Instant at={row.createdAt} /> },
    { id: 'me', header: '', width: '130px', align: 'end', render: (row) => <AssignMe projectId={projectId} queue={row} /> },
  ];
}

function QueueProgress({ queue }: { queue: Queue }): ReactNode {
  const { t, language } = useText();
  const total = queue.pending + queue.completed;
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress w={70} value={total === 0 ? 0 : (queue.completed / total) * 100} aria-label={t('annotation.progress')} />
      <Text size="xs" className="numeric">
        {formatCount(queue.completed, language)} / {formatCount(total, language)}
      </Text>
      {total > 0 && queue.pending === 0 && <Badge color="teal">{t('annotation.done')}</Badge>}
    </Group>
  );
}

function AssignMe({ projectId, queue }: { projectId: string; queue: Queue }): ReactNode {
  const { t } = useText();
  const { user } = useSession();
  const mayChange = useMayChange(projectId);
  const { assign } = useQueueChanges(projectId);
  const assigned = queue.assigneeIds.includes(user.id);
  if (!mayChange) return null;
  return (
    <Button
      size="compact-xs"
      variant="default"
      loading={assign.isPending}
      onClick={(event) => {
        event.stopPropagation();
        assign.mutate({ queueId: queue.id, userId: user.id, assigned: !assigned });
      }}
    >
      {t(assigned ? 'annotation.leave' : 'annotation.take')}
    </Button>
  );
}
