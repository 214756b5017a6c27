// The rules of alerts: state, what was measured last, why a rule could not be evaluated.
import '#mantine-later.css';
import type { ConsoleAlertRule } from '@genai/server/contract-metrics';
import { Badge, Button, Group, Skeleton, Stack, Switch, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { formatValue, unitOf } from '#metrics/units.ts';
import { useMetricTexts } from '#metrics/use-metric-texts.ts';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import styles from './alerts.module.css';
import { RuleDialog } from './rule-dialog.tsx';
import { alertRulesQuery, useAlertChanges } from './use-alerts.ts';

const COLOURS = { ok: 'teal', pending: 'yellow', firing: 'red', resolved: 'blue', off: 'gray' } as const;

export function RulesTab({ projectId, onHistory }: { projectId: string; onHistory: (ruleId: string) => void }): ReactNode {
  const { t } = useText();
  const query = useQuery(alertRulesQuery(projectId));
  const { toggleRule, deleteRule } = useAlertChanges(projectId);
  const [dialog, setDialog] = useState<{ rule: ConsoleAlertRule | null } | null>(null);
  const [doomed, setDoomed] = useState<ConsoleAlertRule | null>(null);
  const mayChange = useMayChange(projectId);
  const rules = query.data ?? [];
  const create = mayChange && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ rule: null })}>
      {t('alerts.create')}
    </Button>
  );
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={720}>
          {t('alerts.intro')}
        </Text>
        {rules.length > 0 && create}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {toggleRule.error && <ErrorState error={toggleRule.error} />}
      {query.isPending && <Skeleton height={120} radius="md" />}
      {query.data && rules.length === 0 && (
        <EmptyState title={t('alerts.empty')} hint={t('alerts.emptyHint')}>
          <div style={{ textAlign: 'center' }}>{create}</div>
        </EmptyState>
      )}
      {rules.length > 0 && (
        <Table.ScrollContainer minWidth={820}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('alerts.state')}</Table.Th>
                <Table.Th>{t('alerts.name')}</Table.Th>
                <Table.Th>{t('alerts.condition')}</Table.Th>
                <Table.Th>{t('alerts.value')}</Table.Th>
                <Table.Th>{t('alerts.since')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rules.map((rule) => (
                <Line
                  key={rule.id}
                  rule={rule}
                  mayChange={mayChange}
                  onHistory={() => onHistory(rule.id)}
                  onEdit={() => setDialog({ rule })}
                  onDelete={() => setDoomed(rule)}
                  onToggle={(enabled) => toggleRule.mutate({ id: rule.id, enabled })}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <RuleDialog projectId={projectId} opened={dialog !== null} rule={dialog?.rule ?? null} onClose={() => setDialog(null)} />
      <ConfirmDialog
        opened={doomed !== null}
        title={t('alerts.delete')}
        question={t('alerts.deleteQuestion', { name: doomed?.name ?? '' })}
        hint={t('alerts.deleteHint')}
        action={t('alerts.delete')}
        busy={deleteRule.isPending}
        error={deleteRule.error}
        onClose={() => setDoomed(null)}
        onConfirm={() => doomed && deleteRule.mutate(doomed.id, { onSuccess: () => setDoomed(null) })}
      />
    </Stack>
  );
}

interface LineProps {
  rule: ConsoleAlertRule;
  mayChange: boolean;
  onHistory: () => void;
  onEdit: () => void;
  onDelete: () => void;
  onToggle: (enabled: boolean) => void;
}

/** What a rule asks, in a sentence. */
function useConditionText(): (rule: ConsoleAlertRule) => string {
  const { t, language } = useText();
  const { metricName } = useMetricTexts();
  return (rule) => {
    if (rule.kind === 'silence' || rule.measure === undefined || rule.aggregation === undefined)
      return t('alerts.silenceOf', { view: t(`metrics.view.${viewKey(rule.view)}`), minutes: rule.windowMinutes });
    const threshold = formatValue(rule.threshold ?? 0, unitOf(rule.measure, rule.aggregation), language);
    const condition = `${metricName({ measure: rule.measure, agg: rule.aggregation })} ${rule.comparison} ${threshold}`;
    return t('alerts.conditionOf', { condition, minutes: rule.windowMinutes });
  };
}

const VIEWS = ['observations', 'scores-numeric', 'scores-categorical', 'scores-boolean'] as const;
const viewKey = (view: string): (typeof VIEWS)[number] => VIEWS.find((one) => one === view) ?? 'observations';

function Line({ rule, mayChange, onHistory, onEdit, onDelete, onToggle }: LineProps): ReactNode {
  const { t, language } = useText();
  const conditionText = useConditionText();
  const unit = rule.kind === 'silence' ? 'count' : unitOf(rule.measure ?? '', rule.aggregation ?? '');
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Switch
            size="xs"
            aria-label={t('alerts.enabledOf', { name: rule.name })}
            disabled={!mayChange}
            checked={rule.enabled}
            onChange={(event) => onToggle(event.currentTarget.checked)}
          />
          <Badge color={COLOURS[rule.state]}>{t(`alerts.state.${rule.state}`)}</Badge>
        </Group>
      </Table.Td>
      <Table.Td>
        {rule.name} <Badge color="gray">{t(`alerts.severity.${rule.severity}`)}</Badge>
        {rule.evaluationError !== null && <span className={styles.cause}>{t('alerts.notEvaluated', { error: rule.evaluationError })}</span>}
        {rule.receiverIds.length === 0 && (
          <Text size="xs" c="dimmed">
            {t('alerts.nobody')}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{conditionText(rule)}</Table.Td>
      <Table.Td className="numeric">{rule.evaluatedAt === null ? '–' : formatValue(rule.lastValue, unit, language)}</Table.Td>
      <Table.Td>
        <Instant at={rule.stateSince} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button variant="subtle" aria-label={t('alerts.historyOf', { name: rule.name })} onClick={onHistory}>
            {t('alerts.tab.history')}
          </Button>
          {mayChange && (
            <>
              <Button variant="subtle" aria-label={t('alerts.editOf', { name: rule.name })} onClick={onEdit}>
                {t('alerts.edit')}
              </Button>
              <Button variant="subtle" color="red" aria-label={t('alerts.deleteOf', { name: rule.name })} onClick={onDelete}>
                {t('alerts.delete')}
              </Button>
            </>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
