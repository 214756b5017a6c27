// A search field that `/` focuses; it reports after the typing pauses or on Enter.
import '#mantine-later.css';
import { CloseButton, Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useShortcuts } from '#lib/shortcuts.ts';

export function SearchInput({ value, placeholder, onChange }: { value: string; placeholder: string; onChange: (value: string) => void }): ReactNode {
  const { t } = useText();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  const report = useDebouncedCallback(onChange, 300);
  useEffect(() => setTyped(value), [value]);
  useShortcuts({
    '/': (event) => {
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    },
  });
  const clear = () => {
    setTyped('');
    onChange('');
  };
  return (
    <TextInput
      ref={field}
      type="search"
      w={260}
      maw="100%"
      aria-label={placeholder}
      placeholder={placeholder}
      value={typed}
      leftSection={<IconSearch size={14} />}
      rightSection={typed ? <CloseButton size="xs" aria-label={t('common.clear')} onClick={clear} /> : <Kbd size="xs">/</Kbd>}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        report(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) onChange(typed);
        if (event.key === 'Escape') field.current?.blur();
      }}
    />
  );
}
