// Conditions of a filter, one line each: a column, an operator, values; whatever the one filter language can say of the column.
import '#mantine-later.css';
import type { FilterCondition } from '@genai/server/contract';
import { ActionIcon, Button, Group, Select, TagsInput, Text, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import { arity, type ConditionLine, type Holds, isEditable, newLine, OPERATORS } from './conditions.ts';
import styles from './metrics.module.css';
import { useMetricTexts } from './use-metric-texts.ts';

/** Operators whose sign is not their name. */
const WORDS: Readonly<Record<string, TextKey>> = {
  'any of': 'metrics.anyOf',
  'none of': 'metrics.noneOf',
  'all of': 'metrics.allOf',
  contains: 'metrics.contains',
  'does not contain': 'metrics.containsNot',
  'starts with': 'metrics.startsWith',
  'ends with': 'metrics.endsWith',
  'is null': 'metrics.isNull',
  'is not null': 'metrics.isNotNull',
  '<>': 'metrics.isNot',
};

interface Props {
  columns: readonly { column: string; holds: string }[];
  lines: readonly ConditionLine[];
  /** Conditions of forms that lines cannot show: they stay. */
  others: readonly FilterCondition[];
  onChange: (lines: ConditionLine[]) => void;
}

export function ConditionLines({ columns, lines, others, onChange }: Props): ReactNode {
  const { t } = useText();
  const offered = columns.filter(({ holds }) => isEditable(holds));
  const first = offered.find(({ column }) => column === 'environment') ?? offered[0];
  const set = (index: number, line: ConditionLine) => onChange(lines.map((old, at) => (at === index ? line : old)));
  return (
    <div className={styles.conditions}>
      <Text size="xs" fw={500}>
        {t('metrics.filter')}
      </Text>
      {lines.map((line, index) => (
        <Line
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and are only appended and removed.
          key={index}
          columns={offered}
          line={line}
          onChange={(next) => set(index, next)}
          onRemove={() => onChange(lines.filter((_, at) => at !== index))}
        />
      ))}
      {others.length > 0 && (
        <Text size="xs" c="dimmed">
          {t('metrics.otherConditions', { count: others.length })}
        </Text>
      )}
      <div>
        <Button
          variant="subtle"
          leftSection={<IconPlus size={13} />}
          disabled={first === undefined}
          onClick={() => first && onChange([...lines, newLine(first.column, first.holds as Holds)])}
        >
          {t('metrics.addCondition')}
        </Button>
      </div>
    </div>
  );
}

interface LineProps {
  columns: Props['columns'];
  line: ConditionLine;
  onChange: (line: ConditionLine) => void;
  onRemove: () => void;
}

function Line({ columns, line, onChange, onRemove }: LineProps): ReactNode {
  const { t } = useText();
  const { fieldName } = useMetricTexts();
  const holdsOf = (column: string): Holds => (columns.find((one) => one.column === column)?.holds ?? 'text') as Holds;
  const holds = holdsOf(line.column);
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Select
        w={128}
        aria-label={t('metrics.column')}
        allowDeselect={false}
        searchable
        data={columns.map(({ column }) => ({ value: column, label: fieldName(column) }))}
        value={line.column}
        onChange={(column) => column && onChange(newLine(column, holdsOf(column)))}
      />
      {holds === 'metadata' && (
        <TextInput
          w={90}
          aria-label={t('metrics.key')}
          placeholder={t('metrics.key')}
          value={line.key}
          onChange={(event) => onChange({ ...line, key: event.currentTarget.value })}
        />
      )}
      <Select
        w={112}
        aria-label={t('metrics.operator')}
        allowDeselect={false}
        value={line.operator}
        data={OPERATORS[holds].map((value) => ({ value, label: WORDS[value] === undefined ? value : t(WORDS[value]) }))}
        onChange={(operator) => operator && onChange({ ...line, operator, values: arity(operator) === arity(line.operator) ? line.values : [] })}
      />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Values line={line} holds={holds} onChange={(values) => onChange({ ...line, values })} />
      </div>
      <ActionIcon mt={3} aria-label={t('metrics.removeCondition')} onClick={onRemove}>
        <IconX size={14} />
      </ActionIcon>
    </Group>
  );
}

function Values({ line, holds, onChange }: { line: ConditionLine; holds: Holds; onChange: (values: string[]) => void }): ReactNode {
  const { t } = useText();
  const label = t('metrics.value');
  if (arity(line.operator) === 'none') return null;
  if (arity(line.operator) === 'many') return <TagsInput aria-label={label} value={line.values} onChange={onChange} />;
  if (holds === 'boolean')
    return <Select aria-label={label} data={['true', 'false']} value={line.values[0] ?? null} onChange={(value) => onChange(value === null ? [] : [value])} />;
  return (
    <TextInput
      aria-label={label}
      inputMode={holds === 'number' ? 'decimal' : 'text'}
      value={line.values[0] ?? ''}
      onChange={(event) => onChange([event.currentTarget.value])}
    />
  );
}
