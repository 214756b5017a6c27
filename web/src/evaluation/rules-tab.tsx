// The rules of a project: what each judges, whether it runs, and why not.
import '#mantine-later.css';
import type { ConsoleRule } from '@genai/server/contract';
import { Alert, Badge, Button, Group, Skeleton, Stack, Switch, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { BackfillDialog } from './backfill-dialog.tsx';
import { RuleDialog } from './rule-dialog.tsx';
import { rulesQuery, useEvaluationChanges } from './use-evaluation.ts';

type Dialog = { kind: 'edit'; row: ConsoleRule | null } | { kind: 'backfill'; row: ConsoleRule } | null;

export function RulesTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(rulesQuery(projectId));
  const { deleteRule, changeRule } = useEvaluationChanges(projectId);
  const [dialog, setDialog] = useState<Dialog>(null);
  const mayChange = useMayChange(projectId);
  const rules = query.data?.data ?? [];
  const create = mayChange && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ kind: 'edit', row: null })}>
      {t('rules.create')}
    </Button>
  );
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={720}>
          {t('rules.intro')}
        </Text>
        {rules.length > 0 && create}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {(deleteRule.error ?? changeRule.error) && <ErrorState error={deleteRule.error ?? changeRule.error} />}
      {query.isPending && <Skeleton height={120} radius="md" />}
      {query.data && rules.length === 0 && (
        <EmptyState title={t('rules.empty')} hint={t('rules.emptyHint')}>
          <div style={{ textAlign: 'center' }}>{create}</div>
        </EmptyState>
      )}
      {rules
        .filter(({ status }) => status === 'paused')
        .map((rule) => (
          <Alert key={rule.id} color="yellow" title={t('rules.pausedTitle', { name: rule.name })}>
            <Group justify="space-between" wrap="nowrap" align="flex-end">
              <Text size="sm">{rule.pausedMessage}</Text>
              {mayChange && (
                <Button variant="default" onClick={() => changeRule.mutate({ id: rule.id, body: { enabled: true } })}>
                  {t('rules.resume')}
                </Button>
              )}
            </Group>
          </Alert>
        ))}
      {rules.length > 0 && (
        <Table.ScrollContainer minWidth={760}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('rules.name')}</Table.Th>
                <Table.Th>{t('rules.target')}</Table.Th>
                <Table.Th>{t('rules.evaluator')}</Table.Th>
                <Table.Th>{t('rules.samplingShort')}</Table.Th>
                <Table.Th>{t('rules.status')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rules.map((rule) => (
                <RuleLine
                  key={rule.id}
                  rule={rule}
                  mayChange={mayChange}
                  onDialog={setDialog}
                  onDelete={() => deleteRule.mutate(rule.id)}
                  onToggle={(enabled) => changeRule.mutate({ id: rule.id, body: { enabled } })}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <RuleDialog projectId={projectId} opened={dialog?.kind === 'edit'} row={dialog?.kind === 'edit' ? dialog.row : null} onClose={() => setDialog(null)} />
      <BackfillDialog projectId={projectId} rule={dialog?.kind === 'backfill' ? dialog.row : null} onClose={() => setDialog(null)} />
    </Stack>
  );
}

interface LineProps {
  rule: ConsoleRule;
  mayChange: boolean;
  onDialog: (dialog: Dialog) => void;
  onDelete: () => void;
  onToggle: (enabled: boolean) => void;
}

function RuleLine({ rule, mayChange, onDialog, onDelete, onToggle }: LineProps): ReactNode {
  const { t } = useText();
  const colours = { active: 'teal', inactive: 'gray', paused: 'yellow' } as const;
  return (
    <Table.Tr>
      <Table.Td>{rule.name}</Table.Td>
      <Table.Td>{t(`rules.target.${rule.target}`)}</Table.Td>
      <Table.Td>{rule.evaluators.map(({ evaluator }) => evaluator.name).join(', ')}</Table.Td>
      <Table.Td className="numeric">{Math.round(rule.sampling * 10_000) / 100} %</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Switch
            size="xs"
            aria-label={t('rules.enabledOf', { name: rule.name })}
            disabled={!mayChange}
            checked={rule.enabled}
            onChange={(event) => onToggle(event.currentTarget.checked)}
          />
          <Badge color={colours[rule.status]}>{t(`rules.status.${rule.status}`)}</Badge>
        </Group>
      </Table.Td>
      <Table.Td>
        {mayChange && (
          <Group gap={4} wrap="nowrap" justify="flex-end">
            <Button variant="subtle" onClick={() => onDialog({ kind: 'backfill', row: rule })}>
              {t('backfill.open')}
            </Button>
            <Button variant="subtle" onClick={() => onDialog({ kind: 'edit', row: rule })}>
              {t('connections.edit')}
            </Button>
            <Button variant="subtle" color="red" onClick={onDelete}>
              {t('connections.delete')}
            </Button>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
