// A filter that holds one exact text (a user, a session, a tag); reports after the typing pauses.
import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { type ReactNode, useEffect, useState } from 'react';
import { useText } from '#i18n/i18n.ts';

export function TextFilter({
  label,
  value,
  onChange,
  width = 140,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  width?: number;
}): ReactNode {
  const { t } = useText();
  const [typed, setTyped] = useState(value);
  const report = useDebouncedCallback(onChange, 400);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      w={width}
      aria-label={label}
      placeholder={label}
      value={typed}
      rightSection={
        typed ? (
          <CloseButton
            size="xs"
            aria-label={t('common.clear')}
            onClick={() => {
              setTyped('');
              onChange('');
            }}
          />
        ) : null
      }
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        report(event.currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) onChange(typed.trim());
        if (event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}
