// Labels of prompts that only administrators of the project move.
import '#mantine-later.css';
import { ActionIcon, Button, Group, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconLockOpen } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useProjectRole } from '#lib/session.tsx';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { labelsQuery, peopleQuery, useLabelChanges } from './use-people.ts';

export function LabelsTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const mayChange = useProjectRole(projectId) === 'admin';
  const query = useQuery(labelsQuery(projectId));
  const people = useQuery(peopleQuery(projectId));
  const { release } = useLabelChanges(projectId);
  const [leaving, setLeaving] = useState<string | null>(null);
  if (query.error && !query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton height={160} radius="md" />;
  const nameOf = (id: string | null) => people.data?.data.find((person) => person.userId === id)?.name ?? id ?? '–';
  return (
    <Stack gap="sm" maw={720}>
      <Text size="sm" c="dimmed">
        {t('labels.intro')}
      </Text>
      {mayChange ? (
        <Protect projectId={projectId} />
      ) : (
        <Text size="sm" c="dimmed">
          {t('projectSettings.readOnly')}
        </Text>
      )}
      {query.data.length === 0 ? (
        <Text c="dimmed">{t('labels.none')}</Text>
      ) : (
        <Table verticalSpacing={6} aria-label={t('projectSettings.tab.labels')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('labels.label')}</Table.Th>
              <Table.Th>{t('labels.by')}</Table.Th>
              <Table.Th>{t('labels.since')}</Table.Th>
              <Table.Th w={44} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {query.data.map(({ label, createdBy, createdAt }) => (
              <Table.Tr key={label}>
                <Table.Td>{label}</Table.Td>
                <Table.Td>{nameOf(createdBy)}</Table.Td>
                <Table.Td>
                  <Instant at={createdAt} />
                </Table.Td>
                <Table.Td>
                  {mayChange && (
                    <ActionIcon aria-label={t('labels.release', { label })} onClick={() => setLeaving(label)}>
                      <IconLockOpen size={16} />
                    </ActionIcon>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <ConfirmDialog
        opened={leaving !== null}
        title={t('labels.releaseTitle')}
        question={t('labels.release', { label: leaving ?? '' })}
        hint={t('labels.releaseHint')}
        action={t('labels.releaseAction')}
        busy={release.isPending}
        error={release.error}
        onClose={() => setLeaving(null)}
        onConfirm={() => leaving !== null && release.mutate(leaving, { onSuccess: () => setLeaving(null) })}
      />
    </Stack>
  );
}

function Protect({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const { protect } = useLabelChanges(projectId);
  const [label, setLabel] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    protect.mutate(label.trim(), { onSuccess: () => setLabel('') });
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <TextInput label={t('labels.new')} placeholder="production" w={260} value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
        <Button type="submit" disabled={label.trim() === ''} loading={protect.isPending}>
          {t('labels.protect')}
        </Button>
      </Group>
      {protect.error && <ErrorState error={protect.error} />}
    </form>
  );
}
