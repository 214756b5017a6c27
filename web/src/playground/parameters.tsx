// Which model answers, and how.
import '#mantine-later.css';
import { Group, Select, Stack, Textarea, TextInput, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import type { Draft, DraftField } from './draft.ts';
import styles from './playground.module.css';

interface Props {
  draft: Draft;
  names: readonly string[];
  faults: ReadonlySet<DraftField>;
  onChange: (part: Partial<Draft>) => void;
}

export function Parameters({ draft, names, faults, onChange }: Props): ReactNode {
  const { t } = useText();
  const number = (field: 'temperature' | 'topP' | 'maxTokens') => (
    <TextInput
      label={t(`playground.${field}`)}
      inputMode="decimal"
      placeholder={t('playground.asTheModel')}
      value={draft[field]}
      error={faults.has(field) ? t(`playground.fault.${field}`) : null}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
    />
  );
  const json = (field: 'responseFormat' | 'tools', placeholder: string) => (
    <Textarea
      label={t(`playground.${field}`)}
      autosize
      minRows={1}
      maxRows={12}
      classNames={{ input: styles.code }}
      placeholder={placeholder}
      value={draft[field]}
      error={faults.has(field) ? t(`playground.fault.${field}`) : null}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
    />
  );
  return (
    <Stack gap="xs">
      <Title order={4}>{t('playground.parameters')}</Title>
      <Select
        label={t('common.model')}
        searchable
        allowDeselect={false}
        nothingFoundMessage={t('playground.noModel')}
        data={[...new Set([...names.filter((name) => !name.includes('*')), draft.model])].filter((name) => name !== '')}
        value={draft.model === '' ? null : draft.model}
        onChange={(model) => model !== null && onChange({ model })}
      />
      <Group grow align="flex-start">
        {number('temperature')}
        {number('topP')}
        {number('maxTokens')}
      </Group>
      {json('responseFormat', '{"type": "json_schema", "json_schema": {…}}')}
      {json('tools', '[{"type": "function", "function": {…}}]')}
    </Stack>
  );
}
