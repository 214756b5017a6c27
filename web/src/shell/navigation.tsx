// The navigation on the left, and who is signed in with the switches for language and colours beneath it.
import { Menu, SegmentedControl, Stack, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconChevronUp, IconKeyboard, IconLock, IconLogout } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useRouterState } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { api } from '#api/client.ts';
import { type Language, setLanguage, useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { Brand } from './brand.tsx';
import { LINK_GROUPS } from './links.ts';
import styles from './shell.module.css';

const ChangePasswordDialog = lazy(() => import('./change-password.tsx').then((module) => ({ default: module.ChangePasswordDialog })));

export function Navigation({ onHelp }: { onHelp: () => void }): ReactNode {
  const { t } = useText();
  const { user } = useSession();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  return (
    <>
      <Stack gap={2} p="sm" className={styles.scroll}>
        <div style={{ padding: '6px 9px 14px' }}>
          <Brand />
        </div>
        <nav aria-label={t('nav.label')}>
          <Stack gap={10}>
            {LINK_GROUPS.map((group) => (
              <Stack key={group.title ?? ''} gap={2}>
                {group.title && <div className={styles.group}>{t(group.title)}</div>}
                {group.links
                  .filter((link) => !('admin' in link) || user.role === 'admin')
                  .map((link) => {
                    const active = pathname.startsWith(link.to) || pathname.includes(link.also);
                    return (
                      <Link
                        key={link.to}
                        to={link.to}
                        className={styles.link}
                        data-active={active}
                        aria-current={active ? 'page' : undefined}
                        title={link.keys}
                      >
                        <link.icon size={16} stroke={1.7} aria-hidden />
                        {t(link.text)}
                      </Link>
                    );
                  })}
              </Stack>
            ))}
          </Stack>
        </nav>
      </Stack>
      <div className={styles.foot}>
        <UserMenu onHelp={onHelp} />
      </div>
    </>
  );
}

function UserMenu({ onHelp }: { onHelp: () => void }): ReactNode {
  const { t, language } = useText();
  const { user, organization, version, timezone } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [passwordOpen, setPasswordOpen] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = async () => {
    await api('/api/auth/sign-out', { method: 'POST', body: {} }).catch(() => undefined);
    queries.clear();
    await navigate({ to: '/ui/login' });
  };
  return (
    <div style={{ padding: 8 }}>
      <Menu position="top-start" width={230} shadow="md" closeOnItemClick>
        <Menu.Target>
          <UnstyledButton className={styles.user} aria-label={t('user.menu', { name: user.name || user.email })}>
            <span className="truncate" style={{ flex: 1 }}>
              <Text size="sm" fw={500} truncate>
                {user.name || user.email}
              </Text>
              <Text size="xs" c="dimmed" truncate>
                {organization.name}
              </Text>
            </span>
            <IconChevronUp size={14} aria-hidden />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{user.email}</Menu.Label>
          <div style={{ padding: '2px 8px 6px' }}>
            <SegmentedControl
              fullWidth
              size="xs"
              aria-label={t('user.language')}
              value={language}
              data={[
                { value: 'en', label: 'English' },
                { value: 'ja', label: '日本語' },
              ]}
              onChange={(value) => void setLanguage(value as Language)}
            />
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
          <Menu.Item leftSection={<IconLock size={15} />} onClick={() => setPasswordOpen(true)}>
            {t('password.title')}
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
            {t('user.signOut')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>{t('user.about', { version, timezone })}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{passwordOpen && <ChangePasswordDialog opened onClose={() => setPasswordOpen(false)} />}</Suspense>
    </div>
  );
}
