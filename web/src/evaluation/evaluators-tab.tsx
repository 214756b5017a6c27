// What judges: the project's evaluators, the default model, and the judges that come with the platform.
import '#mantine-later.css';
import type { ConsoleEvaluator, ConsoleJudgeTemplate } from '@genai/server/contract';
import { Badge, Button, Group, SegmentedControl, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconCode, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { CodeDialog } from './code-dialog.tsx';
import { type CodeForm, codeFormOf, NEW_CODE } from './code-values.ts';
import styles from './evaluation.module.css';
import { EvaluatorDialog } from './evaluator-dialog.tsx';
import { type EvaluatorForm, formOfEvaluator, formOfTemplate, NEW_EVALUATOR } from './evaluator-values.ts';
import { ModelFields } from './model-fields.tsx';
import { defaultModelQuery, evaluatorsQuery, templatesQuery, useEvaluationChanges } from './use-evaluation.ts';

export function EvaluatorsTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(evaluatorsQuery(projectId));
  const { deleteEvaluator } = useEvaluationChanges(projectId);
  const [form, setForm] = useState<EvaluatorForm | null>(null);
  const [code, setCode] = useState<CodeForm | null>(null);
  const mayChange = useMayChange(projectId);
  const rows = query.data?.data ?? [];
  return (
    <Stack gap="lg">
      <DefaultModel projectId={projectId} mayChange={mayChange} />
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2}>{t('evaluators.own')}</Title>
          {mayChange && (
            <Group gap="xs">
              <Button variant="default" leftSection={<IconCode size={14} />} onClick={() => setCode(NEW_CODE)}>
                {t('code.create')}
              </Button>
              <Button leftSection={<IconPlus size={14} />} onClick={() => setForm(NEW_EVALUATOR)}>
                {t('evaluators.create')}
              </Button>
            </Group>
          )}
        </Group>
        {(query.error ?? deleteEvaluator.error) && <ErrorState error={query.error ?? deleteEvaluator.error} />}
        {query.isPending && <Skeleton height={80} radius="md" />}
        {query.data && rows.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('evaluators.empty')}
          </Text>
        )}
        {rows.length > 0 && (
          <OwnTable
            rows={rows}
            mayChange={mayChange}
            onEdit={(row) => (row.type === 'code' ? setCode(codeFormOf(row)) : setForm(formOfEvaluator(row)))}
            onDelete={(id) => deleteEvaluator.mutate(id)}
          />
        )}
      </Stack>
      <Library projectId={projectId} taken={rows.map(({ name }) => name)} onUse={mayChange ? (template) => setForm(formOfTemplate(template)) : null} />
      <EvaluatorDialog projectId={projectId} form={form} onClose={() => setForm(null)} />
      <CodeDialog projectId={projectId} form={code} onClose={() => setCode(null)} />
    </Stack>
  );
}

function OwnTable({
  rows,
  mayChange,
  onEdit,
  onDelete,
}: {
  rows: readonly ConsoleEvaluator[];
  mayChange: boolean;
  onEdit: (row: ConsoleEvaluator) => void;
  onDelete: (id: string) => void;
}): ReactNode {
  const { t } = useText();
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={7}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('rules.name')}</Table.Th>
            <Table.Th>{t('evaluators.version')}</Table.Th>
            <Table.Th>{t('common.model')}</Table.Th>
            <Table.Th>{t('evaluators.variables')}</Table.Th>
            <Table.Th>{t('evaluators.rules')}</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td>{row.name}</Table.Td>
              <Table.Td className="numeric">{row.version}</Table.Td>
              <Table.Td>
                <Judge row={row} />
              </Table.Td>
              <Table.Td>{row.type === 'code' ? <span className="quiet">–</span> : row.variables.join(', ')}</Table.Td>
              <Table.Td className="numeric">{row.evaluationRuleCount}</Table.Td>
              <Table.Td>
                {mayChange && (
                  <Group gap={4} wrap="nowrap" justify="flex-end">
                    <Button variant="subtle" onClick={() => onEdit(row)}>
                      {t('connections.edit')}
                    </Button>
                    <Button variant="subtle" color="red" onClick={() => onDelete(row.id)}>
                      {t('connections.delete')}
                    </Button>
                  </Group>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** What decides: code, a model of its own, or the default one. */
function Judge({ row }: { row: ConsoleEvaluator }): ReactNode {
  const { t } = useText();
  if (row.type === 'code') return <Badge color="gray">{t('code.badge')}</Badge>;
  if (row.modelConfig === null) return <span className="quiet">{t('evaluators.defaultModel')}</span>;
  return `${row.modelConfig.provider} / ${row.modelConfig.model}`;
}

function DefaultModel({ projectId, mayChange }: { projectId: string; mayChange: boolean }): ReactNode {
  const { t } = useText();
  const query = useQuery(defaultModelQuery(projectId));
  const { putDefaultModel } = useEvaluationChanges(projectId);
  const [typed, setTyped] = useState<{ provider: string; model: string } | null>(null);
  const stored = query.data?.defaultModel ?? null;
  const value = typed ?? stored ?? { provider: 'genai-gateway', model: '' };
  return (
    <Stack gap="xs" maw={560}>
      <Title order={2}>{t('evaluators.defaultModel')}</Title>
      <Text size="sm" c="dimmed">
        {t('evaluators.defaultModelHint')}
      </Text>
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <ModelFields projectId={projectId} value={value} onChange={setTyped} disabled={!mayChange} />
        {mayChange && (
          <Button
            loading={putDefaultModel.isPending}
            disabled={value.model === '' || (value.provider === stored?.provider && value.model === stored.model)}
            onClick={() => putDefaultModel.mutate(value, { onSuccess: () => setTyped(null) })}
          >
            {t('common.save')}
          </Button>
        )}
      </Group>
      {putDefaultModel.error && <ErrorState error={putDefaultModel.error} />}
    </Stack>
  );
}

function Library({
  projectId,
  taken,
  onUse,
}: {
  projectId: string;
  taken: readonly string[];
  onUse: ((template: ConsoleJudgeTemplate) => void) | null;
}): ReactNode {
  const { t, language } = useText();
  const query = useQuery(templatesQuery(projectId));
  const [shown, setShown] = useState<string>(language);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2}>{t('evaluators.library')}</Title>
        <SegmentedControl
          size="xs"
          aria-label={t('evaluators.language')}
          value={shown}
          onChange={setShown}
          data={[
            { value: 'en', label: 'English' },
            { value: 'ja', label: '日本語' },
          ]}
        />
      </Group>
      <div className={styles.cards}>
        {(query.data?.data ?? [])
          .filter((template) => template.language === shown)
          .map((template) => (
            <article key={template.name} className={styles.card}>
              <Group justify="space-between" wrap="nowrap">
                <Text size="sm" fw={600}>
                  {template.name}
                </Text>
                {taken.includes(template.name) && <Badge color="teal">{t('evaluators.inUse')}</Badge>}
              </Group>
              <Text size="sm" style={{ flex: 1 }}>
                {template.summary}
              </Text>
              {onUse !== null && (
                <div>
                  <Button variant="default" onClick={() => onUse(template)}>
                    {t('evaluators.use')}
                  </Button>
                </div>
              )}
            </article>
          ))}
      </div>
    </Stack>
  );
}
