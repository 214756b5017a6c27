// The prompts of a project by name: type, newest version, labels, tags.
import { Badge, Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange, useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { LabelBadge } from './label-badge.tsx';
import { PromptDialog } from './prompt-dialog.tsx';
import type { PromptsSearch } from './url.ts';
import { type PromptMeta, promptsQuery } from './use-prompts.ts';

const route = getRouteApi('/console/ui/prompts');

export function PromptsPage(): ReactNode {
  const { t, language } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [creating, setCreating] = useState(false);
  const projectId = useProjectId(search.project);
  const mayChangeProject = useMayChange(projectId);
  const query = useQuery({ ...promptsQuery(projectId ?? ''), enabled: projectId !== null });
  const rows = useMemo(() => matching(query.data ?? [], search.search), [query.data, search.search]);
  const columns = useColumns();
  const update = (change: Partial<PromptsSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as PromptsSearch, replace: true });
  const open = (name: string) =>
    void navigate({ to: '/project/$projectId/prompts/$promptName', params: { projectId: projectId as string, promptName: name }, search: {} });
  const mayChange = mayChangeProject && projectId !== null;
  const create = mayChange && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      {t('prompts.create')}
    </Button>
  );
  return (
    <>
      <ListPage
        title={t('nav.prompts')}
        aside={query.data && <span className="quiet">{formatCount(rows.length, language)}</span>}
        projectId={projectId}
        onProject={(project) => update({ project })}
        tools={create}
        filters={<SearchInput value={search.search ?? ''} placeholder={t('prompts.search')} onChange={(value) => update({ search: value })} />}
        query={{ ...query, hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined }}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.name}
        onOpen={(row) => open(row.name)}
        empty={
          search.search ? (
            <EmptyState title={t('prompts.noMatch')} hint={t('prompts.noMatchHint')} />
          ) : (
            <EmptyState title={t('prompts.empty')} hint={t('prompts.emptyHint')}>
              <div style={{ textAlign: 'center' }}>{create}</div>
            </EmptyState>
          )
        }
      />
      {projectId !== null && <PromptDialog opened={creating} projectId={projectId} from={null} onClose={() => setCreating(false)} onCreated={open} />}
    </>
  );
}

/** By a part of the name, a label or a tag. */
function matching(prompts: readonly PromptMeta[], search: string | undefined): PromptMeta[] {
  const wanted = (search ?? '').toLowerCase();
  return prompts.filter((prompt) => [prompt.name, ...prompt.labels, ...prompt.tags].some((text) => text.toLowerCase().includes(wanted)));
}

function useColumns(): Column<PromptMeta>[] {
  const { t } = useText();
  return [
    { id: 'name', header: t('traces.name'), width: 'minmax(140px, 2fr)', render: (row) => <Folders name={row.name} /> },
    { id: 'type', header: t('prompts.type'), width: '84px', minTableWidth: 520, render: (row) => t(`prompts.type.${row.type}`) },
    { id: 'version', header: t('prompts.newest'), width: '90px', align: 'end', render: (row) => `v${Math.max(...row.versions)}` },
    { id: 'labels', header: t('prompts.labels'), width: 'minmax(120px, 1.4fr)', minTableWidth: 460, render: (row) => <Labels labels={row.labels} /> },
    {
      id: 'tags',
      header: t('traces.tags'),
      width: 'minmax(80px, 1fr)',
      minTableWidth: 760,
      render: (row) => (
        <Group gap={4} wrap="nowrap">
          {row.tags.map((tag) => (
            <Badge key={tag} color="gray">
              {tag}
            </Badge>
          ))}
        </Group>
      ),
    },
    { id: 'updated', header: t('prompts.updated'), width: '128px', minTableWidth: 640, render: (row) => <Instant at={row.lastUpdatedAt} /> },
  ];
}

/** A name with its folders before it, quiet. */
function Folders({ name }: { name: string }): ReactNode {
  const cut = name.lastIndexOf('/') + 1;
  return (
    <span className="truncate" title={name}>
      {cut > 0 && <span className="quiet">{name.slice(0, cut)}</span>}
      {name.slice(cut)}
    </span>
  );
}

function Labels({ labels }: { labels: readonly string[] }): ReactNode {
  return (
    <Group gap={4} wrap="nowrap">
      {labels.map((label) => (
        <LabelBadge key={label} label={label} />
      ))}
    </Group>
  );
}
