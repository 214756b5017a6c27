// The login with e-mail and password.
import '#mantine-later.css';
import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { sessionQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import icon from '#icon.svg';
import { safeNextPath } from '#lib/url-state.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { LanguageSwitch } from '#ui/language-switch.tsx';
import styles from './login-page.module.css';

const route = getRouteApi('/ui/login');

export function LoginPage(): ReactNode {
  const { t } = useText();
  return (
    <main className={styles.frame}>
      <Paper className={styles.card} p="xl">
        <Stack gap="md">
          <span className={styles.brand}>
            <img src={icon} width={26} height={26} alt="" />
            GenAI Platform
          </span>
          <Title order={1}>{t('login.title')}</Title>
          <LoginForm />
          <Text size="xs" c="dimmed">
            {t('login.hint')} <code>./genai keys show</code>
          </Text>
        </Stack>
      </Paper>
      <LanguageSwitch />
    </main>
  );
}

function LoginForm(): ReactNode {
  const { t } = useText();
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api('/api/auth/sign-in/email', { method: 'POST', body: { email: email.trim(), password } });
      queries.removeQueries({ queryKey: sessionQuery.queryKey });
      router.history.push(safeNextPath(next));
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput
          label={t('login.email')}
          size="sm"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('login.password')}
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {error !== null && <ErrorState error={error} />}
        <Button type="submit" size="sm" mt="xs" loading={busy} disabled={email === '' || password === ''}>
          {t('login.submit')}
        </Button>
      </Stack>
    </form>
  );
}
