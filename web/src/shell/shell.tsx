// The frame around every page: who is signed in, navigation, shortcuts; shows no page before the session is known.
import { AppShell, Burger, Center, Group, Loader } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { ApiError } from '#api/client.ts';
import { sessionQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { SessionProvider } from '#lib/session.tsx';
import { useShortcuts } from '#lib/shortcuts.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { Brand } from './brand.tsx';
import { LINKS } from './links.ts';
import { Navigation } from './navigation.tsx';
import styles from './shell.module.css';

const ChangePassword = lazy(() => import('./change-password.tsx').then((module) => ({ default: module.ChangePassword })));
const ShortcutsHelp = lazy(() => import('./shortcuts-help.tsx').then((module) => ({ default: module.ShortcutsHelp })));

export function Shell(): ReactNode {
  const session = useQuery(sessionQuery);
  if (session.error instanceof ApiError && session.error.status === 401) return <ToLogin />;
  if (session.error && !session.data)
    return (
      <Center h="100%" p="lg">
        <ErrorState error={session.error} onRetry={() => void session.refetch()} />
      </Center>
    );
  if (!session.data)
    return (
      <Center h="100%">
        <Loader size="sm" />
      </Center>
    );
  if (session.data.user.mustChangePassword)
    return (
      <Suspense>
        <ChangePassword email={session.data.user.email} forced />
      </Suspense>
    );
  return (
    <SessionProvider value={session.data}>
      <Frame />
    </SessionProvider>
  );
}

/** Leads to the login and remembers the page. Once: this component stays until the login's code has come, while the location is the login's already. */
function ToLogin(): ReactNode {
  const router = useRouter();
  useEffect(() => {
    const { href, pathname } = router.latestLocation;
    if (pathname !== '/ui/login') void router.navigate({ to: '/ui/login', search: { next: href }, replace: true });
  }, [router]);
  return null;
}

function Frame(): ReactNode {
  const { t } = useText();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [menuOpen, menu] = useDisclosure(false);
  const [helpOpen, help] = useDisclosure(false);
  const toPages = Object.fromEntries(LINKS.map((link) => [link.keys, () => void navigate({ to: link.to })]));
  useShortcuts({ ...toPages, '?': help.toggle });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes whenever the page changes.
  useEffect(() => menu.close(), [pathname]);
  return (
    <AppShell
      className={styles.shell}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !menuOpen } }}
      header={{ height: { base: 46, sm: 0 } }}
      padding={0}
    >
      <a href="#content" className={styles.skip}>
        {t('nav.skip')}
      </a>
      <AppShell.Header hiddenFrom="sm" className={styles.header}>
        <Group h="100%" px="sm" gap="sm">
          <Burger size="sm" opened={menuOpen} onClick={menu.toggle} aria-label={t('nav.menu')} />
          <Brand />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={styles.navbar}>
        <Navigation onHelp={help.open} />
      </AppShell.Navbar>
      <AppShell.Main id="content" className={styles.main} tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <Suspense>{helpOpen && <ShortcutsHelp opened onClose={help.close} />}</Suspense>
    </AppShell>
  );
}
