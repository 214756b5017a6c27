// The navigation on the left, and who is signed in with the switches for language and colours beneath it.
import { Menu, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconChevronUp } from '@tabler/icons-react';
import { Link, useRouterState } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { Brand } from './brand.tsx';
import { LINK_GROUPS } from './links.ts';
import styles from './shell.module.css';

const ChangePasswordDialog = lazy(() => import('./change-password.tsx').then((module) => ({ default: module.ChangePasswordDialog })));

const UserMenuContent = lazy(() => import('./user-menu-content.tsx').then((module) => ({ default: module.UserMenuContent })));

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
  const { t } = useText();
  const { user, organization } = useSession();
  const [passwordOpen, setPasswordOpen] = useState(false);
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
          <Suspense>
            <UserMenuContent onHelp={onHelp} onPassword={() => setPasswordOpen(true)} />
          </Suspense>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{passwordOpen && <ChangePasswordDialog opened onClose={() => setPasswordOpen(false)} />}</Suspense>
    </div>
  );
}
