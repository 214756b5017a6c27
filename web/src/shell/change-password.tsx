// Changing the password: the whole screen after the first login, a dialog later.
import '#mantine-later.css';
import { Alert, Button, Modal, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { sessionQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { Brand } from './brand.tsx';
import styles from './shell.module.css';

/** The login's own lower bound. */
const MIN_LENGTH = 8;

export function ChangePassword({ email, forced }: { email: string; forced: boolean }): ReactNode {
  const { t } = useText();
  const queries = useQueryClient();
  return (
    <main className={styles.center}>
      <Paper className={styles.card} p="xl">
        <Stack gap="md">
          <Brand />
          <Title order={1}>{t('password.title')}</Title>
          {forced && <Text c="dimmed">{t('password.first', { email })}</Text>}
          <PasswordForm email={email} onDone={() => void queries.invalidateQueries({ queryKey: sessionQuery.queryKey })} />
        </Stack>
      </Paper>
    </main>
  );
}

export function ChangePasswordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }): ReactNode {
  const { t } = useText();
  const [done, setDone] = useState(false);
  const close = () => {
    setDone(false);
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={t('password.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {done ? <Alert color="teal">{t('password.done')}</Alert> : <PasswordForm onDone={() => setDone(true)} />}
    </Modal>
  );
}

function PasswordForm({ email, onDone }: { email?: string; onDone: () => void }): ReactNode {
  const { t } = useText();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const tooShort = next !== '' && next.length < MIN_LENGTH;
  const differs = again !== '' && again !== next;
  const same = next !== '' && next === current;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api('/api/auth/change-password', { method: 'POST', body: { currentPassword: current, newPassword: next, revokeOtherSessions: true } });
      onDone();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {/* Password managers need to know whose password this is. */}
        <input type="text" name="username" autoComplete="username" defaultValue={email ?? ''} hidden readOnly />
        <PasswordInput
          label={t('password.current')}
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('password.new')}
          description={t('password.rule', { count: MIN_LENGTH })}
          autoComplete="new-password"
          required
          value={next}
          error={tooShort ? t('password.tooShort', { count: MIN_LENGTH }) : same ? t('password.same') : null}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('password.again')}
          autoComplete="new-password"
          required
          value={again}
          error={differs ? t('password.differs') : null}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        {error !== null && <ErrorState error={error} />}
        <Button type="submit" size="sm" loading={busy} disabled={current === '' || next.length < MIN_LENGTH || again !== next || same}>
          {t('password.save')}
        </Button>
      </Stack>
    </form>
  );
}
