// A field for code: Tab indents, Escape gives Tab back to the keyboard's way through the page.
import { Textarea } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, type Ref, useState } from 'react';
import { useText } from '#i18n/i18n.ts';

interface EditorProps {
  ref: Ref<HTMLTextAreaElement>;
  value: string;
  error: string | null;
  onChange: (value: string) => void;
}

export function CodeEditor({ ref, value, error, onChange }: EditorProps): ReactNode {
  const { t } = useText();
  const [indents, setIndents] = useState(true);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape') return setIndents(false);
    if (event.key !== 'Tab' || event.shiftKey || !indents) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = event.currentTarget;
    event.currentTarget.setRangeText('  ', selectionStart, selectionEnd, 'end');
    onChange(event.currentTarget.value);
  };
  return (
    <Textarea
      ref={ref}
      size="xs"
      label={t('code.source')}
      description={t('code.sourceHint')}
      rows={16}
      spellCheck={false}
      autoCapitalize="off"
      autoCorrect="off"
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', whiteSpace: 'pre', overflowX: 'auto', tabSize: 2 } }}
      value={value}
      error={error}
      onKeyDown={onKeyDown}
      onFocus={() => setIndents(true)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
