// One call: its figures, every attempt and why it ended as it did, and the way to its trace.
import '#mantine-later.css';
import type { ConsoleRequest } from '@genai/server/contract';
import { Alert, Button, Drawer, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconBinaryTree2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { requestQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Identifier } from '#ui/identifier.tsx';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import { OutcomeBadge } from '#ui/outcome-badge.tsx';
import { AttemptWhy } from './attempt-why.tsx';
import styles from './request-drawer.module.css';

export function RequestDrawer({ callId, row, onClose }: { callId: string | null; row: ConsoleRequest | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const fetched = useQuery({ ...requestQuery(callId ?? ''), enabled: callId !== null && row === null });
  const call = row ?? fetched.data ?? null;
  return (
    <Drawer opened={callId !== null} onClose={onClose} title={t('requests.call')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {call && <CallDetail call={call} />}
      {!call && fetched.isLoading && <Loader size="sm" />}
      {!call && fetched.error && <ErrorState error={fetched.error} onRetry={() => void fetched.refetch()} />}
      {!call && fetched.isSuccess && <EmptyState title={t('requests.gone')} hint={t('requests.goneHint')} />}
    </Drawer>
  );
}

function CallDetail({ call }: { call: ConsoleRequest }): ReactNode {
  const { t, language } = useText();
  const projectId = useProjectId(call.projectId);
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={2}>{call.model}</Title>
          <OutcomeBadge outcome={call.outcome} status={call.httpStatus} />
        </Group>
        {projectId && (
          <Button
            variant="light"
            leftSection={<IconBinaryTree2 size={14} />}
            renderRoot={(props) => <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId: call.traceId }} {...props} />}
          >
            {t('requests.openTrace')}
          </Button>
        )}
      </Group>
      {call.error && (
        <Alert color="red" variant="light" title={t('requests.error')}>
          <span className={styles.message}>{call.error}</span>
        </Alert>
      )}
      <div className={styles.figures}>
        <Figure label={t('overview.cost')} value={<Money value={call.cost} currency={call.currency} />} />
        <Figure label={t('overview.latency')} value={formatDuration(call.latencyMs)} />
        <Figure label={t('requests.firstToken')} value={formatDuration(call.firstTokenMs)} />
        <Figure label={t('common.input')} value={count(call.inputTokens, language)} />
        <Figure label={t('common.output')} value={count(call.outputTokens, language)} />
      </div>
      {call.usageEstimated && (
        <Text size="xs" c="dimmed">
          {t('requests.estimated')}
        </Text>
      )}
      <Facts
        items={[
          [t('common.time'), <Instant key="time" at={call.startedAt} />],
          [t('requests.upstream'), [call.provider, call.upstreamModel].filter(Boolean).join(' / ')],
          [t('requests.streamed'), call.stream ? t('common.yes') : t('common.no')],
          [t('requests.key'), call.keyAlias ?? call.keyName],
          [t('requests.team'), call.teamAlias],
          [t('requests.endUser'), call.endUser],
          [t('requests.session'), call.sessionId],
          [t('requests.callId'), <Identifier key="call" value={call.callId} />],
          [t('requests.traceId'), <Identifier key="trace" value={call.traceId} />],
          [t('requests.priceId'), call.attempts.length === 0 ? null : (call.priceId ?? t('common.unknown'))],
        ]}
      />
      <Attempts call={call} />
    </Stack>
  );
}

function count(value: number | null, language: string): string {
  return value === null ? '–' : formatCount(value, language);
}

function Figure({ label, value }: { label: string; value: ReactNode }): ReactNode {
  return (
    <div>
      <div className={styles.figureLabel}>{label}</div>
      <div className={styles.figureValue}>{value}</div>
    </div>
  );
}

function Attempts({ call }: { call: ConsoleRequest }): ReactNode {
  const { t } = useText();
  return (
    <section aria-label={t('requests.attempts')}>
      <Title order={3} mb="xs">
        {t('requests.attempts')} ({call.attempts.length})
      </Title>
      {call.attempts.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('requests.noAttempts')}
        </Text>
      )}
      <ol className={styles.attempts} hidden={call.attempts.length === 0}>
        {call.attempts.map((attempt) => (
          <li key={attempt.index} className={styles.attempt}>
            <Group justify="space-between" wrap="nowrap" gap="sm">
              <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
                <span className={styles.index}>{attempt.index + 1}</span>
                <span className="truncate" title={attempt.deploymentId}>
                  {attempt.provider} / {attempt.upstreamModel}
                </span>
              </Group>
              <OutcomeBadge outcome={attempt.outcome} status={attempt.httpStatus} />
            </Group>
            <div className={styles.attemptFacts}>
              <span className="numeric">
                {formatDuration(attempt.latencyMs)} · <Money value={attempt.cost} currency={call.currency} unknown={t('requests.costUnknown')} /> ·
              </span>
              <Identifier value={attempt.deploymentId} />
            </div>
            {attempt.error && <div className={styles.why}>{attempt.error}</div>}
            <AttemptWhy attempt={attempt} currency={call.currency} />
          </li>
        ))}
      </ol>
    </section>
  );
}
