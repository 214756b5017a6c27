// Switches between the console's two languages.
import { SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Language, setLanguage, useText } from '#i18n/i18n.ts';

export function LanguageSwitch({ fullWidth = false }: { fullWidth?: boolean }): ReactNode {
  const { t, language } = useText();
  return (
    <SegmentedControl
      fullWidth={fullWidth}
      size="xs"
      aria-label={t('user.language')}
      value={language}
      data={[
        { value: 'en', label: 'English' },
        { value: 'ja', label: '日本語' },
      ]}
      onChange={(value) => void setLanguage(value as Language)}
    />
  );
}
