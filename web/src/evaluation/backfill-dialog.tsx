// Judges what was stored before: first what it would be and cost, then for real, up to a limit.
import '#mantine-later.css';
import type { ConsoleBackfill, ConsoleRule } from '@genai/server/contract';
import { Alert, Badge, Button, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { resolveTimeRange, WINDOWS, type WindowName } from '#lib/time-range.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import styles from './evaluation.module.css';
import { type BackfillRequest, backfillsQuery, useEvaluationChanges } from './use-evaluation.ts';

export function BackfillDialog({ projectId, rule, onClose }: { projectId: string; rule: ConsoleRule | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  return (
    <Modal
      opened={rule !== null}
      onClose={onClose}
      size="lg"
      title={t('backfill.title', { name: rule?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {rule && <BackfillView key={rule.id} projectId={projectId} rule={rule} />}
    </Modal>
  );
}

function BackfillView({ projectId, rule }: { projectId: string; rule: ConsoleRule }): ReactNode {
  const { t, language } = useText();
  const { estimate, backfill } = useEvaluationChanges(projectId);
  const [window, setWindow] = useState<WindowName>('7d');
  const [maxCost, setMaxCost] = useState('');
  const limit = maxCost.trim() === '' ? null : Number(maxCost);
  const valid = limit === null || limit > 0;
  const request = (): BackfillRequest => {
    const { from, to } = resolveTimeRange({ kind: 'window', name: window }, Date.now());
    return { ruleId: rule.id, fromTimestamp: from, toTimestamp: to, ...(limit === null ? {} : { maxCost: limit }) };
  };
  const expected = estimate.data;
  return (
    <Stack gap="sm">
      <div className={styles.pair}>
        <Select
          data-autofocus
          label={t('backfill.range')}
          allowDeselect={false}
          value={window}
          data={Object.keys(WINDOWS)}
          onChange={(value) => {
            if (value !== null) setWindow(value as WindowName);
            estimate.reset();
          }}
        />
        <TextInput
          label={t('backfill.maxCost')}
          placeholder={t('rules.noLimit')}
          inputMode="decimal"
          value={maxCost}
          error={valid ? null : t('rules.fault.number')}
          onChange={(event) => setMaxCost(event.currentTarget.value)}
        />
      </div>
      {expected && (
        <Alert color="gray">
          <Text size="sm">{t('backfill.expected', { targets: formatCount(expected.targets, language), jobs: formatCount(expected.jobs, language) })}</Text>
          <Text size="sm">
            {t('backfill.cost')}: {expected.estimatedCost === null ? t('backfill.costUnknown') : <Money value={String(expected.estimatedCost)} />}
          </Text>
        </Alert>
      )}
      {(estimate.error ?? backfill.error) && <ErrorState error={estimate.error ?? backfill.error} />}
      {backfill.data && <Alert color="teal">{t('backfill.begun', { jobs: formatCount(backfill.data.jobs, language) })}</Alert>}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={estimate.isPending} onClick={() => estimate.mutate(request())}>
          {t('backfill.dryRun')}
        </Button>
        <Button disabled={!expected || expected.targets === 0 || !valid} loading={backfill.isPending} onClick={() => backfill.mutate(request())}>
          {t('backfill.start')}
        </Button>
      </Group>
      <Earlier projectId={projectId} ruleId={rule.id} />
    </Stack>
  );
}

function Earlier({ projectId, ruleId }: { projectId: string; ruleId: string }): ReactNode {
  const { t } = useText();
  const { stopBackfill } = useEvaluationChanges(projectId);
  const rows = useQuery(backfillsQuery(projectId, ruleId)).data?.data ?? [];
  if (rows.length === 0) return null;
  const colours = { running: 'ink', done: 'teal', stopped: 'gray' } as const satisfies Record<ConsoleBackfill['state'], string>;
  return (
    <Table verticalSpacing={5}>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.id}>
            <Table.Td>
              <Instant at={row.createdAt} />
            </Table.Td>
            <Table.Td>
              <Badge color={colours[row.state]} title={row.cause ?? undefined}>
                {t(`backfill.state.${row.state}`)}
              </Badge>
            </Table.Td>
            <Table.Td className="numeric">{t('backfill.progress', { done: row.done, jobs: row.jobs, failed: row.failed })}</Table.Td>
            <Table.Td>
              <Money value={row.cost} />
            </Table.Td>
            <Table.Td>
              {row.state === 'running' && (
                <Button variant="subtle" color="red" onClick={() => stopBackfill.mutate({ ruleId, id: row.id })}>
                  {t('backfill.stop')}
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
