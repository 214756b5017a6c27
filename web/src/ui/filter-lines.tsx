// Conditions of a filter, one line each: a column, any or none of, and values.
import '#mantine-later.css';
import { ActionIcon, Button, Group, Select, Stack, TagsInput, Text } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import type { FilterLine } from '#lib/filter-lines.ts';

export function FilterLines({
  columns,
  lines,
  onChange,
}: {
  columns: readonly string[];
  lines: readonly FilterLine[];
  onChange: (lines: FilterLine[]) => void;
}): ReactNode {
  const { t } = useText();
  const set = (index: number, part: Partial<FilterLine>) => onChange(lines.map((line, at) => (at === index ? { ...line, ...part } : line)));
  return (
    <Stack gap={6}>
      <Text size="xs" fw={500}>
        {t('rules.filter')}
      </Text>
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and are only appended and removed.
        <Group key={index} gap={6} wrap="nowrap" align="flex-start">
          <Select
            w={140}
            aria-label={t('rules.column')}
            allowDeselect={false}
            data={[...columns]}
            value={line.column}
            onChange={(column) => column && set(index, { column })}
          />
          <Select
            w={104}
            aria-label={t('rules.operator')}
            allowDeselect={false}
            value={line.operator}
            data={[
              { value: 'any of', label: t('rules.anyOf') },
              { value: 'none of', label: t('rules.noneOf') },
            ]}
            onChange={(operator) => operator && set(index, { operator: operator as FilterLine['operator'] })}
          />
          <TagsInput style={{ flex: 1 }} aria-label={t('rules.values')} value={line.values} onChange={(values) => set(index, { values })} />
          <ActionIcon mt={3} aria-label={t('rules.removeCondition')} onClick={() => onChange(lines.filter((_, at) => at !== index))}>
            <IconX size={14} />
          </ActionIcon>
        </Group>
      ))}
      <div>
        <Button
          variant="subtle"
          leftSection={<IconPlus size={13} />}
          onClick={() => onChange([...lines, { column: columns[0] ?? 'name', operator: 'any of', values: [] }])}
        >
          {t('rules.addCondition')}
        </Button>
      </div>
    </Stack>
  );
}
