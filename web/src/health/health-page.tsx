// How the platform does: what does not work as it should and what to do, the stores, how far behind, how much room.
import '#mantine-later.css';
import type { ConsoleHealth } from '@genai/server/contract';
import { Alert, Badge, Skeleton, Table, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconClockPause } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { healthQuery } from '#api/queries.ts';
import { type Translate, useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Instant } from '#ui/instant.tsx';
import { Page } from '#ui/page.tsx';
import { bytes, duration } from './amounts.ts';
import styles from './health.module.css';

export function HealthPage(): ReactNode {
  const { t } = useText();
  const query = useQuery(healthQuery);
  const health = query.data;
  const aside = health && (
    <Badge color={health.degraded.length === 0 ? 'teal' : 'yellow'}>
      {health.degraded.length === 0 ? t('health.well') : t('health.degraded', { count: health.degraded.length })}
    </Badge>
  );
  return (
    <Page title={t('nav.health')} aside={aside}>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={320} radius="md" />}
      {health && <Content health={health} />}
    </Page>
  );
}

function Content({ health }: { health: ConsoleHealth }): ReactNode {
  const { t } = useText();
  return (
    <div className={styles.list}>
      {health.degraded.map((mode) => (
        <Alert key={mode} color="yellow" icon={<IconAlertTriangle size={18} aria-hidden />} title={t(`health.mode.${mode}`)}>
          {t(`health.effect.${mode}`)}
          <Text size="xs" c="dimmed" mt={4}>
            {t('health.runbook', { page: `docs/runbooks/${mode}.md` })}
          </Text>
        </Alert>
      ))}
      {health.degraded.length === 0 && (
        <Alert color="teal" icon={<IconCircleCheck size={18} aria-hidden />}>
          {t('health.allWell')}
        </Alert>
      )}
      <Stores stores={health.stores} />
      <div className={styles.columns}>
        <Panel title={t('health.work')}>
          <Facts items={workOf(health, t)} />
        </Panel>
        <Panel title={t('health.room')}>
          <Facts items={roomOf(health, t)} />
        </Panel>
        <Panel title={t('health.process')}>
          <Facts
            items={[
              [t('health.version'), health.version],
              [t('health.runtime'), health.runtime],
              [t('health.role'), health.role],
              [t('health.processes'), String(health.processes)],
              [t('health.startedAt'), <Instant key="started" at={health.startedAt} />],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

function workOf({ calls, consumer, ledger, deployments, observations }: ConsoleHealth, t: Translate): [string, ReactNode][] {
  return [
    [t('health.inFlight'), calls.inFlight.toLocaleString()],
    [t('health.lag'), consumer && t('health.lagValue', { records: consumer.lagRecords.toLocaleString(), time: duration(consumer.lagSeconds) })],
    [t('health.deadLetters'), consumer?.deadLetters.toLocaleString()],
    [t('health.ledger'), ledger.behind ? t('health.behind') : ledger.queued.toLocaleString()],
    [t('health.deployments'), t('health.deploymentsValue', deployments)],
    [t('health.observations'), observations?.toLocaleString() ?? null],
  ];
}

function roomOf({ journal, disk, memoryBytes, calls }: ConsoleHealth, t: Translate): [string, ReactNode][] {
  return [
    [t('health.journal'), t('health.ofBytes', { used: bytes(journal.backlogBytes), total: bytes(journal.payloadLimitBytes) })],
    [t('health.disk'), disk && t('health.freeOf', { free: bytes(disk.freeBytes), total: bytes(disk.totalBytes) })],
    [t('health.bodies'), bytes(calls.bytesInFlight)],
    [t('health.memoryFront'), bytes(memoryBytes.front)],
    [t('health.memoryEngine'), memoryBytes.engine === null ? null : bytes(memoryBytes.engine)],
  ];
}

function Stores({ stores }: { stores: ConsoleHealth['stores'] }): ReactNode {
  const { t } = useText();
  return (
    <Panel title={t('health.stores')}>
      <Table verticalSpacing={6} horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr className={styles.head}>
            <Table.Th>{t('health.store')}</Table.Th>
            <Table.Th>{t('health.kind')}</Table.Th>
            <Table.Th>{t('health.state')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {stores.map(({ store, kind, state }) => (
            <Table.Tr key={store}>
              <Table.Td>{t(`health.store.${store}`)}</Table.Td>
              <Table.Td>{t(`health.kind.${kind}`)}</Table.Td>
              <Table.Td>
                <span className={styles.state} data-state={state}>
                  <StateIcon state={state} />
                  {t(`health.state.${state}`)}
                </span>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}

function StateIcon({ state }: { state: ConsoleHealth['stores'][number]['state'] }): ReactNode {
  if (state === 'ok') return <IconCircleCheck size={15} aria-hidden />;
  if (state === 'away') return <IconCircleX size={15} aria-hidden />;
  return state === 'elsewhere' ? <IconClockPause size={15} aria-hidden /> : <IconAlertTriangle size={15} aria-hidden />;
}

function Panel({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className={styles.panel} aria-label={title}>
      <h2 className={styles.title}>{title}</h2>
      {children}
    </section>
  );
}
