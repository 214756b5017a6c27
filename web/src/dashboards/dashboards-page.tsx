// The dashboards of a project, with a picture of each arrangement, and the widgets that stand on them.
import '#mantine-later.css';
import type { ConsoleDashboard } from '@genai/server/contract-metrics';
import { Badge, Button, Group, Modal, Skeleton, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange, useProjectId } from '#lib/session.tsx';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import styles from './dashboards.module.css';
import type { DashboardsSearch } from './url.ts';
import { dashboardsQuery, useDashboardChanges } from './use-dashboards.ts';
import { WidgetsTab } from './widgets-tab.tsx';

const route = getRouteApi('/console/ui/dashboards');

export function DashboardsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const set = (part: Partial<DashboardsSearch>) => void navigate({ search: (old) => ({ ...old, ...part }) as DashboardsSearch });
  return (
    <Page title={t('nav.dashboards')} tools={<ProjectPicker value={projectId} onChange={(project) => set({ project })} />}>
      {projectId === null ? (
        <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />
      ) : (
        <Tabs value={search.tab === 'widgets' ? 'widgets' : 'dashboards'} onChange={(tab) => tab !== null && set({ tab })}>
          <Tabs.List mb="md">
            <Tabs.Tab value="dashboards">{t('nav.dashboards')}</Tabs.Tab>
            <Tabs.Tab value="widgets">{t('dashboards.widgets')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="dashboards">
            <Cards projectId={projectId} />
          </Tabs.Panel>
          <Tabs.Panel value="widgets">
            <WidgetsTab projectId={projectId} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

function Cards({ projectId }: { projectId: string }): ReactNode {
  const { t, language } = useText();
  const navigate = route.useNavigate();
  const query = useQuery(dashboardsQuery(projectId));
  const { cloneDashboard, deleteDashboard } = useDashboardChanges(projectId);
  const [creating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<ConsoleDashboard | null>(null);
  const mayChange = useMayChange(projectId);
  const open = (id: string) =>
    void navigate({ to: '/project/$projectId/dashboards/$dashboardId', params: { projectId, dashboardId: id }, search: { edit: '1' } });
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={720}>
          {t('dashboards.intro')}
        </Text>
        {mayChange && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
            {t('dashboards.create')}
          </Button>
        )}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {cloneDashboard.error && <ErrorState error={cloneDashboard.error} />}
      {query.isPending && <Skeleton height={180} radius="md" />}
      <div className={styles.cards}>
        {query.data?.map((dashboard) => (
          <Card
            key={dashboard.id}
            projectId={projectId}
            dashboard={dashboard}
            mayChange={mayChange}
            onClone={() => cloneDashboard.mutate({ id: dashboard.id, language: language as 'en' | 'ja' }, { onSuccess: ({ id }) => open(id) })}
            onDelete={() => setDoomed(dashboard)}
          />
        ))}
      </div>
      <Modal opened={creating} onClose={() => setCreating(false)} title={t('dashboards.create')} closeButtonProps={{ 'aria-label': t('common.close') }}>
        <NewDashboard projectId={projectId} onClose={() => setCreating(false)} onCreated={open} />
      </Modal>
      <ConfirmDialog
        opened={doomed !== null}
        title={t('dashboards.delete')}
        question={t('dashboards.deleteQuestion', { name: doomed?.name ?? '' })}
        hint={t('dashboards.deleteHint')}
        action={t('dashboards.delete')}
        busy={deleteDashboard.isPending}
        error={deleteDashboard.error}
        onClose={() => setDoomed(null)}
        onConfirm={() => doomed && deleteDashboard.mutate(doomed.id, { onSuccess: () => setDoomed(null) })}
      />
    </Stack>
  );
}

interface CardProps {
  projectId: string;
  dashboard: ConsoleDashboard;
  mayChange: boolean;
  onClone: () => void;
  onDelete: () => void;
}

function Card({ projectId, dashboard, mayChange, onClone, onDelete }: CardProps): ReactNode {
  const { t, language } = useText();
  const name = dashboard.names?.[language as 'en' | 'ja'] ?? dashboard.name;
  const description = dashboard.descriptions?.[language as 'en' | 'ja'] ?? dashboard.description;
  return (
    <article className={styles.card}>
      <div className={styles.miniature} aria-hidden>
        {dashboard.definition.widgets.map(({ id, x, y, width, height }) => (
          <span key={id} style={{ gridColumn: `${x + 1} / span ${width}`, gridRow: `${y + 1} / span ${height}` }} />
        ))}
      </div>
      <Group gap="xs" wrap="nowrap">
        <Text fw={600} size="sm" truncate>
          <Link to="/project/$projectId/dashboards/$dashboardId" params={{ projectId, dashboardId: dashboard.id }} search={{}}>
            {name}
          </Link>
        </Text>
        {dashboard.owner === 'PLATFORM' && <Badge color="gray">{t('dashboards.builtIn')}</Badge>}
      </Group>
      <Text size="xs" c="dimmed" lineClamp={2}>
        {description}
      </Text>
      {mayChange && (
        <div className={styles.actions}>
          <Button variant="subtle" aria-label={t('dashboards.cloneOf', { name })} onClick={onClone}>
            {t('dashboards.clone')}
          </Button>
          {dashboard.owner === 'PROJECT' && (
            <Button variant="subtle" color="red" aria-label={t('dashboards.deleteOf', { name })} onClick={onDelete}>
              {t('dashboards.delete')}
            </Button>
          )}
        </div>
      )}
    </article>
  );
}

function NewDashboard({ projectId, onClose, onCreated }: { projectId: string; onClose: () => void; onCreated: (id: string) => void }): ReactNode {
  const { t } = useText();
  const { createDashboard } = useDashboardChanges(projectId);
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    createDashboard.mutate({ name: name.trim(), description: description.trim() }, { onSuccess: ({ id }) => onCreated(id) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label={t('dashboards.name')} required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput label={t('dashboards.description')} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        {createDashboard.error && <ErrorState error={createDashboard.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={createDashboard.isPending} disabled={name.trim() === ''}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
