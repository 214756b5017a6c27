// What the user's menu holds: language, colours, shortcuts, password, sign-out. Fetched when the menu opens.
import { Menu, SegmentedControl, Text, useMantineColorScheme } from '@mantine/core';
import { IconKeyboard, IconLock, IconLogout } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { LanguageSwitch } from '#ui/language-switch.tsx';

export function UserMenuContent({ onHelp, onPassword }: { onHelp: () => void; onPassword: () => void }): ReactNode {
  const { t } = useText();
  const { user, version, timezone } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = async () => {
    await api('/api/auth/sign-out', { method: 'POST', body: {} }).catch(() => undefined);
    queries.clear();
    await navigate({ to: '/ui/login' });
  };
  return (
    <>
      <Menu.Label>{user.email}</Menu.Label>
      <div style={{ padding: '2px 8px 6px' }}>
        <LanguageSwitch fullWidth />
      </div>
      <div style={{ padding: '2px 8px 6px' }}>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={t('user.colours')}
          value={colorScheme}
          data={[
            { value: 'auto', label: t('user.auto') },
            { value: 'light', label: t('user.light') },
            { value: 'dark', label: t('user.dark') },
          ]}
          onChange={(value) => setColorScheme(value as 'auto' | 'light' | 'dark')}
        />
      </div>
      <Menu.Divider />
      <Menu.Item leftSection={<IconKeyboard size={15} />} rightSection={<Text size="xs">?</Text>} onClick={onHelp}>
        {t('shortcuts.title')}
      </Menu.Item>
      <Menu.Item leftSection={<IconLock size={15} />} onClick={onPassword}>
        {t('password.title')}
      </Menu.Item>
      <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
        {t('user.signOut')}
      </Menu.Item>
      <Menu.Divider />
      <Menu.Label>{t('user.about', { version, timezone })}</Menu.Label>
    </>
  );
}
