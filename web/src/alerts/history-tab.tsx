// When rules fired, newest first, and how each message went.
import '#mantine-later.css';
import type { ConsoleAlertFiring } from '@genai/server/contract-metrics';
import { Badge, Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import styles from './alerts.module.css';
import { alertFiringsQuery, useAlertChanges } from './use-alerts.ts';

export function HistoryTab({ projectId, ruleId, onAll }: { projectId: string; ruleId: string | undefined; onAll: () => void }): ReactNode {
  const { t } = useText();
  const query = useInfiniteQuery(alertFiringsQuery(projectId, ruleId));
  const { retryDelivery } = useAlertChanges(projectId);
  const mayChange = useMayChange(projectId);
  const firings = query.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Stack gap="sm">
      {ruleId !== undefined && (
        <Group>
          <Button variant="default" onClick={onAll}>
            {t('alerts.allRules')}
          </Button>
        </Group>
      )}
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {retryDelivery.error && <ErrorState error={retryDelivery.error} />}
      {query.isPending && <Skeleton height={120} radius="md" />}
      {query.data && firings.length === 0 && <EmptyState title={t('alerts.neverFired')} hint={t('alerts.neverFiredHint')} />}
      {firings.length > 0 && (
        <Table.ScrollContainer minWidth={820}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('alerts.name')}</Table.Th>
                <Table.Th>{t('alerts.condition')}</Table.Th>
                <Table.Th>{t('alerts.fired')}</Table.Th>
                <Table.Th>{t('alerts.ended')}</Table.Th>
                <Table.Th>{t('alerts.messages')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {firings.map((firing) => (
                <Line key={firing.id} firing={firing} onRetry={mayChange ? (id) => retryDelivery.mutate(id) : null} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {query.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('alerts.more')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Line({ firing, onRetry }: { firing: ConsoleAlertFiring; onRetry: ((deliveryId: string) => void) | null }): ReactNode {
  const { t } = useText();
  return (
    <Table.Tr style={{ verticalAlign: 'top' }}>
      <Table.Td>
        {firing.rule.name} <Badge color="gray">{t(`alerts.severity.${firing.severity}`)}</Badge>
      </Table.Td>
      <Table.Td>
        <code>{firing.condition}</code>
        <Text size="xs" c="dimmed" className="numeric">
          {firing.value === null ? t('alerts.noValue') : t('alerts.measured', { value: Number(firing.value.toPrecision(6)) })}
        </Text>
      </Table.Td>
      <Table.Td>
        <Instant at={firing.firedAt} />
      </Table.Td>
      <Table.Td>
        {firing.endedAt === null || firing.endReason === null ? (
          <Badge color="red">{t('alerts.state.firing')}</Badge>
        ) : (
          <>
            <Instant at={firing.endedAt} />
            <Text size="xs" c="dimmed">
              {t(`alerts.reason.${firing.endReason}`)}
            </Text>
          </>
        )}
      </Table.Td>
      <Table.Td>
        <Deliveries firing={firing} onRetry={onRetry} />
      </Table.Td>
    </Table.Tr>
  );
}

const COLOURS = { pending: 'yellow', sent: 'teal', failed: 'red' } as const;

function Deliveries({ firing, onRetry }: { firing: ConsoleAlertFiring; onRetry: ((deliveryId: string) => void) | null }): ReactNode {
  const { t } = useText();
  if (firing.deliveries.length === 0) return <span className="quiet">{t('alerts.nobody')}</span>;
  return (
    <div className={styles.deliveries}>
      {firing.deliveries.map((delivery) => (
        <div key={delivery.id} className={styles.delivery}>
          <Badge color={COLOURS[delivery.state]}>{t(`alerts.delivery.${delivery.state}`)}</Badge>
          <span>
            {t(`alerts.state.${delivery.event}`)} → {delivery.receiver.name}
          </span>
          {delivery.state === 'failed' && onRetry !== null && (
            <Button variant="subtle" onClick={() => onRetry(delivery.id)}>
              {t('alerts.sendAgain')}
            </Button>
          )}
          {delivery.lastError !== null && <span className={styles.cause}>{t('alerts.attempt', { count: delivery.attempts, error: delivery.lastError })}</span>}
        </div>
      ))}
    </div>
  );
}
