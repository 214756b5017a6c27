// One prompt: its versions on the left, what the chosen one says on the right, alone or compared with another.
import '#mantine-later.css';
import { Anchor, Breadcrumbs, Button, Group, Menu, Skeleton } from '@mantine/core';
import { IconDotsVertical, IconPencilPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import { PromptDialog } from './prompt-dialog.tsx';
import styles from './prompts.module.css';
import type { PromptMeta } from './use-prompts.ts';
import { promptMetaQuery, usePromptChanges, versionQuery } from './use-prompts.ts';
import { VersionDetail } from './version-detail.tsx';
import { VersionList } from './version-list.tsx';

const route = getRouteApi('/console/project/$projectId/prompts/$promptName');

export function PromptPage(): ReactNode {
  const { t } = useText();
  const { projectId, promptName } = route.useParams();
  const query = useQuery(promptMetaQuery(projectId, promptName));
  const crumbs = (
    <Breadcrumbs separator="/" separatorMargin={6}>
      <Anchor size="sm" renderRoot={(props) => <Link to="/ui/prompts" search={{ project: projectId }} {...props} />}>
        {t('nav.prompts')}
      </Anchor>
      <span className="quiet truncate">{promptName}</span>
    </Breadcrumbs>
  );
  return (
    <Page title={promptName} filters={crumbs} tools={query.data && <Tools projectId={projectId} meta={query.data} />} fill>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Skeleton height={320} />}
      {query.data === null && <EmptyState title={t('prompts.gone')} hint={t('prompts.goneHint')} />}
      {query.data && <Versions projectId={projectId} meta={query.data} />}
    </Page>
  );
}

function Tools({ projectId, meta }: { projectId: string; meta: PromptMeta }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(projectId);
  const navigate = route.useNavigate();
  const { remove } = usePromptChanges(projectId);
  const [dialog, setDialog] = useState<'version' | 'delete' | null>(null);
  const newest = useQuery(versionQuery(projectId, meta.name, Math.max(...meta.versions)));
  if (!mayChange) return null;
  const close = () => setDialog(null);
  return (
    <Group gap="xs">
      <Button leftSection={<IconPencilPlus size={14} />} disabled={!newest.data} onClick={() => setDialog('version')}>
        {t('prompts.newVersion')}
      </Button>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <Button variant="default" aria-label={t('keys.actionsFor', { name: meta.name })} px={6}>
            <IconDotsVertical size={15} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item color="red" leftSection={<IconTrash size={14} />} onClick={() => setDialog('delete')}>
            {t('prompts.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {newest.data && (
        <PromptDialog
          opened={dialog === 'version'}
          projectId={projectId}
          from={newest.data}
          onClose={close}
          onCreated={(_, version) => void navigate({ search: { version: String(version) }, replace: true })}
        />
      )}
      <ConfirmDialog
        opened={dialog === 'delete'}
        title={t('prompts.delete')}
        question={t('prompts.deleteQuestion', { name: meta.name })}
        hint={t('prompts.deleteHint')}
        action={t('prompts.delete')}
        busy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => remove.mutate(meta.name, { onSuccess: () => void navigate({ to: '/ui/prompts', search: { project: projectId } }) })}
      />
    </Group>
  );
}

function Versions({ projectId, meta }: { projectId: string; meta: PromptMeta }): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const versions = [...meta.versions].sort((one, other) => other - one);
  const shown = versions.find((version) => String(version) === search.version) ?? (versions[0] as number);
  const compared = versions.find((version) => String(version) === search.compare && version !== shown) ?? null;
  const go = (version: number, compare: number | null) =>
    void navigate({ search: { version: String(version), ...(compare === null ? {} : { compare: String(compare) }) }, replace: true });
  return (
    <div className={styles.split}>
      <VersionList projectId={projectId} name={meta.name} versions={versions} shown={shown} onShow={(version) => go(version, compared)} />
      <VersionDetail
        key={shown}
        projectId={projectId}
        name={meta.name}
        version={shown}
        others={versions.filter((version) => version !== shown)}
        compared={compared}
        onCompare={(version) => go(shown, version)}
      />
    </div>
  );
}
