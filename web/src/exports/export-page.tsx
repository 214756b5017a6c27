// A project's scheduled export: how it does, and where it goes.
import { Alert, Badge, Button, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useProjectId, useSession } from '#lib/session.tsx';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Instant } from '#ui/instant.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { ExportEditor } from './export-editor.tsx';
import { exportQuery, type Status, type SyncStatus, useExportChanges } from './use-export.ts';

const route = getRouteApi('/console/ui/export');

const COLORS: Readonly<Record<SyncStatus, string>> = { idle: 'gray', running: 'blue', queued: 'blue', up_to_date: 'teal', disabled: 'gray', error: 'red' };

export function ExportPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const isAdmin = useSession().user.role === 'admin';
  const query = useQuery({ ...exportQuery(projectId ?? ''), enabled: projectId !== null });
  const [saved, setSaved] = useState<string | null>(null);
  const { integration = null, status = null } = query.data ?? {};
  const tools = <ProjectPicker value={projectId} onChange={(project) => void navigate({ search: { project }, replace: true })} />;
  return (
    <Page title={t('nav.export')} aside={status && <Badge color={COLORS[status.syncStatus]}>{t(`export.status.${status.syncStatus}`)}</Badge>} tools={tools}>
      <Stack gap="lg" maw={760}>
        {projectId === null && <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />}
        {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
        {query.isLoading && <Skeleton height={320} />}
        {projectId !== null && status !== null && <Progress projectId={projectId} status={status} isAdmin={isAdmin} />}
        {projectId !== null && query.data && (integration !== null || isAdmin) && (
          <ExportEditor
            key={`${projectId} ${integration?.updatedAt}`}
            projectId={projectId}
            stored={integration}
            isAdmin={isAdmin}
            saved={saved === projectId}
            onSaved={() => setSaved(projectId)}
          />
        )}
        {query.data && integration === null && !isAdmin && <EmptyState title={t('export.empty')} hint={t('export.onlyAdmins')} />}
      </Stack>
    </Page>
  );
}

function Progress({ projectId, status, isAdmin }: { projectId: string; status: Status; isAdmin: boolean }): ReactNode {
  const { t } = useText();
  const { run, remove } = useExportChanges(projectId);
  const [asking, setAsking] = useState(false);
  const facts = [
    [t('export.completeTo'), status.lastSyncAt === null ? t('export.never') : <Instant key="last" at={status.lastSyncAt} />],
    [t('export.next'), status.nextSyncAt === null ? null : <Instant key="next" at={status.nextSyncAt} />],
  ] as const;
  return (
    <Paper withBorder p="md" component="section" aria-label={t('export.progress')}>
      <Stack gap="sm">
        <Title order={2}>{t('export.progress')}</Title>
        <Facts items={facts} />
        {status.lastError !== null && (
          <Alert color="red" variant="light" title={t('export.failed')} role="alert">
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {status.lastError}
            </Text>
            <Text size="xs" c="dimmed" mt={4}>
              <Instant at={status.lastErrorAt} /> {t('export.again')}
            </Text>
          </Alert>
        )}
        {run.error && <ErrorState error={run.error} />}
        {isAdmin && (
          <Group gap="xs">
            <Button variant="default" loading={run.isPending} disabled={status.syncStatus === 'disabled'} onClick={() => run.mutate()}>
              {t('export.run')}
            </Button>
            <Button variant="subtle" color="red" onClick={() => setAsking(true)}>
              {t('export.remove')}
            </Button>
          </Group>
        )}
        <Text size="xs" c="dimmed">
          {t('export.runHint')}
        </Text>
      </Stack>
      <ConfirmDialog
        opened={asking}
        title={t('export.remove')}
        question={t('export.removeQuestion')}
        hint={t('export.removeHint')}
        action={t('export.remove')}
        busy={remove.isPending}
        error={remove.error}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate(undefined, { onSuccess: () => setAsking(false) })}
      />
    </Paper>
  );
}
