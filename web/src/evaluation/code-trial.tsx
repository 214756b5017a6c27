// What an evaluator in code said of one observation: its scores, or where it fails, and what it was given.
import '#mantine-later.css';
import type { ConsoleTrial } from '@genai/server/contract';
import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { CodeBlock } from '#ui/code-block.tsx';

export function CodeTrial({ projectId, trial, onGoTo }: { projectId: string; trial: ConsoleTrial; onGoTo: (line: number) => void }): ReactNode {
  const { t } = useText();
  const { fault, observation } = trial;
  return (
    <Stack gap="xs" aria-live="polite">
      {fault !== null && <Fault fault={fault} onGoTo={onGoTo} />}
      {fault === null && trial.scores.length === 0 && <Text size="sm">{t('code.nothing')}</Text>}
      {trial.scores.length > 0 && <Scores scores={trial.scores} />}
      <Group justify="space-between">
        <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId: observation.traceId }}>
          {t('code.observationId')} {observation.id.slice(0, 16)}
        </Link>
        {trial.cpuMs !== null && (
          <Text size="xs" c="dimmed" className="numeric">
            {t('code.used', { ms: trial.cpuMs })}
          </Text>
        )}
      </Group>
      <details>
        <summary>{t('code.context')}</summary>
        <CodeBlock text={typeof trial.context === 'string' ? trial.context : JSON.stringify(trial.context, null, 2)} maxHeight={260} wrap />
      </details>
    </Stack>
  );
}

function Fault({ fault: { message, line }, onGoTo }: { fault: NonNullable<ConsoleTrial['fault']>; onGoTo: (line: number) => void }): ReactNode {
  const { t } = useText();
  return (
    <Alert color="red" variant="light" role="alert" title={line === null ? t('code.fault') : t('code.faultLine', { line })}>
      <Text size="sm">{message}</Text>
      {line !== null && (
        <Button size="compact-xs" variant="default" mt="xs" onClick={() => onGoTo(line)}>
          {t('code.goToLine', { line })}
        </Button>
      )}
    </Alert>
  );
}

function Scores({ scores }: { scores: ConsoleTrial['scores'] }): ReactNode {
  const { t } = useText();
  return (
    <Table verticalSpacing={5}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('rules.name')}</Table.Th>
          <Table.Th>{t('evaluators.dataType')}</Table.Th>
          <Table.Th>{t('code.value')}</Table.Th>
          <Table.Th>{t('code.comment')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {scores.map((score) => (
          <Table.Tr key={score.name}>
            <Table.Td>{score.name}</Table.Td>
            <Table.Td>{score.dataType}</Table.Td>
            <Table.Td className="numeric">{String(score.value)}</Table.Td>
            <Table.Td>{score.comment ?? <span className="quiet">–</span>}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
