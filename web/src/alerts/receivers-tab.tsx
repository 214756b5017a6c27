// Who is told: webhooks, Slack, Teams, mail; with a test message and how the newest message went.
import '#mantine-later.css';
import type { ConsoleAlertReceiver } from '@genai/server/contract-metrics';
import { Alert, Badge, Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import styles from './alerts.module.css';
import { ReceiverDialog } from './receiver-dialog.tsx';
import { alertReceiversQuery, useAlertChanges } from './use-alerts.ts';

export function ReceiversTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(alertReceiversQuery(projectId));
  const { deleteReceiver, testReceiver } = useAlertChanges(projectId);
  const [dialog, setDialog] = useState<{ receiver: ConsoleAlertReceiver | null } | null>(null);
  const mayChange = useMayChange(projectId);
  const receivers = query.data?.data ?? [];
  const tested = receivers.find(({ id }) => id === testReceiver.variables);
  const error = deleteReceiver.error ?? testReceiver.error;
  const create = mayChange && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ receiver: null })}>
      {t('alerts.createReceiver')}
    </Button>
  );
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={720}>
          {t('alerts.receiversIntro')}
        </Text>
        {receivers.length > 0 && create}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {error && <ErrorState error={error} />}
      {testReceiver.data && tested && (
        <Alert
          color={testReceiver.data.sent ? 'teal' : 'red'}
          title={testReceiver.data.sent ? t('alerts.testSent', { name: tested.name }) : t('alerts.testFailed', { name: tested.name })}
          withCloseButton
          closeButtonLabel={t('common.close')}
          onClose={() => testReceiver.reset()}
        >
          {testReceiver.data.error ?? t('alerts.testTook', { ms: testReceiver.data.latencyMs })}
        </Alert>
      )}
      {query.isPending && <Skeleton height={120} radius="md" />}
      {query.data && receivers.length === 0 && (
        <EmptyState title={t('alerts.noReceivers')} hint={t('alerts.noReceiversHint')}>
          <div style={{ textAlign: 'center' }}>{create}</div>
        </EmptyState>
      )}
      {receivers.length > 0 && (
        <Table.ScrollContainer minWidth={720}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('alerts.name')}</Table.Th>
                <Table.Th>{t('alerts.way')}</Table.Th>
                <Table.Th>{t('alerts.target')}</Table.Th>
                <Table.Th>{t('alerts.lastSent')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {receivers.map((receiver) => (
                <Table.Tr key={receiver.id}>
                  <Table.Td>{receiver.name}</Table.Td>
                  <Table.Td>
                    <Badge color="gray">{t(`alerts.way.${receiver.kind}`)}</Badge>
                  </Table.Td>
                  <Table.Td>{receiver.target}</Table.Td>
                  <Table.Td>
                    <Instant at={receiver.lastSentAt} />
                    {receiver.lastError !== null && <span className={styles.cause}>{receiver.lastError}</span>}
                  </Table.Td>
                  <Table.Td>
                    {mayChange && (
                      <Group gap={4} wrap="nowrap" justify="flex-end">
                        <Button
                          variant="subtle"
                          aria-label={t('alerts.testOf', { name: receiver.name })}
                          loading={testReceiver.isPending && testReceiver.variables === receiver.id}
                          onClick={() => testReceiver.mutate(receiver.id)}
                        >
                          {t('alerts.test')}
                        </Button>
                        <Button variant="subtle" aria-label={t('alerts.editOf', { name: receiver.name })} onClick={() => setDialog({ receiver })}>
                          {t('alerts.edit')}
                        </Button>
                        <Button
                          variant="subtle"
                          color="red"
                          aria-label={t('alerts.deleteOf', { name: receiver.name })}
                          onClick={() => deleteReceiver.mutate(receiver.id)}
                        >
                          {t('alerts.delete')}
                        </Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <ReceiverDialog
        projectId={projectId}
        opened={dialog !== null}
        receiver={dialog?.receiver ?? null}
        mailServer={query.data?.mailServer === true}
        onClose={() => setDialog(null)}
      />
    </Stack>
  );
}
