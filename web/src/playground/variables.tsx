// Values of the {{names}} in a draft.
import { Stack, Textarea, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';

interface Props {
  names: readonly string[];
  values: Readonly<Record<string, string>>;
  onChange: (values: Record<string, string>) => void;
}

export function Variables({ names, values, onChange }: Props): ReactNode {
  const { t } = useText();
  return (
    <Stack gap="xs">
      <Title order={4}>{t('prompts.variables')}</Title>
      {names.map((name) => (
        <Textarea
          key={name}
          label={name}
          autosize
          minRows={1}
          maxRows={8}
          value={Object.hasOwn(values, name) ? values[name] : ''}
          onChange={(event) => onChange({ ...values, [name]: event.currentTarget.value })}
        />
      ))}
    </Stack>
  );
}
