// Puts a trace, an observation or a session into an annotation queue.
import { Button, Menu, Text } from '@mantine/core';
import { IconCheck, IconChecklist } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { type Queue, queuesQuery } from '#api/queue-queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';

export interface QueueTarget {
  projectId: string;
  objectType: 'TRACE' | 'OBSERVATION' | 'SESSION';
  objectId: string;
}

export function AddToQueue({ target }: { target: QueueTarget }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(target.projectId);
  const { projectId, objectType, objectId } = target;
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const queues = useQuery({ ...queuesQuery(projectId), enabled: opened });
  const add = useMutation({
    mutationFn: (queue: Queue) =>
      api(`/api/public/annotation-queues/${encodeURIComponent(queue.id)}/items`, { method: 'POST', projectId, body: { objectType, objectId } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['annotation', projectId] }),
  });
  if (!mayChange) return null;
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-start">
      <Menu.Target>
        <Button variant="default" mb="sm" leftSection={add.isSuccess ? <IconCheck size={14} /> : <IconChecklist size={14} />} loading={add.isPending}>
          {add.isSuccess ? t('annotation.added', { name: add.variables.name }) : t('annotation.addTo')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(queues.error ?? add.error) && <ErrorState error={queues.error ?? add.error} />}
        {queues.data?.data.length === 0 && (
          <Text size="sm" c="dimmed" p="xs">
            {t('annotation.noneYet')}
          </Text>
        )}
        {queues.data?.data.map((queue) => (
          <Menu.Item key={queue.id} onClick={() => add.mutate(queue)}>
            {queue.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
