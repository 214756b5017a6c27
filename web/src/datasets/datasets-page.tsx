// The datasets of a project: collections of inputs and expected outputs that experiments run over.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useMemo, useState } from 'react';
import { type DatasetRow, datasetsQuery } from '#api/project-queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange, useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import type { DatasetsSearch } from './url.ts';
import { useDatasetChanges } from './use-datasets.ts';

const route = getRouteApi('/console/ui/datasets');

export function DatasetsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [creating, setCreating] = useState(false);
  const projectId = useProjectId(search.project);
  const mayChange = useMayChange(projectId);
  const query = useQuery(datasetsQuery(projectId ?? ''));
  const wanted = (search.search ?? '').toLowerCase();
  const rows = useMemo(() => (query.data ?? []).filter((row) => row.name.toLowerCase().includes(wanted)), [query.data, wanted]);
  const columns = useColumns();
  const update = (change: Partial<DatasetsSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as DatasetsSearch, replace: true });
  const open = (datasetName: string) =>
    void navigate({ to: '/project/$projectId/datasets/$datasetName', params: { projectId: projectId as string, datasetName }, search: {} });
  const create = mayChange && projectId !== null && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      {t('datasets.create')}
    </Button>
  );
  return (
    <>
      <ListPage
        title={t('nav.datasets')}
        projectId={projectId}
        onProject={(project) => update({ project })}
        tools={create}
        filters={<SearchInput value={search.search ?? ''} placeholder={t('datasets.search')} onChange={(value) => update({ search: value })} />}
        query={{ ...query, hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined }}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onOpen={(row) => open(row.name)}
        empty={
          wanted ? (
            <EmptyState title={t('datasets.noMatch')} hint={t('datasets.noMatchHint')} />
          ) : (
            <EmptyState title={t('datasets.empty')} hint={t('datasets.emptyHint')}>
              <div style={{ textAlign: 'center' }}>{create}</div>
            </EmptyState>
          )
        }
      />
      {projectId !== null && (
        <Modal opened={creating} onClose={() => setCreating(false)} title={t('datasets.create')} closeButtonProps={{ 'aria-label': t('common.close') }}>
          <DatasetForm
            projectId={projectId}
            onClose={() => setCreating(false)}
            onCreated={(name) => {
              setCreating(false);
              open(name);
            }}
          />
        </Modal>
      )}
    </>
  );
}

function DatasetForm({ projectId, onClose, onCreated }: { projectId: string; onClose: () => void; onCreated: (name: string) => void }): ReactNode {
  const { t } = useText();
  const { create } = useDatasetChanges(projectId);
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim(), description: description.trim() }, { onSuccess: () => onCreated(name.trim()) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label={t('traces.name')} required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput label={t('datasets.description')} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        {create.error && <ErrorState error={create.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function useColumns(): Column<DatasetRow>[] {
  const { t } = useText();
  return [
    { id: 'name', header: t('traces.name'), width: 'minmax(140px, 1.2fr)', render: (row) => <span className="truncate">{row.name}</span> },
    {
      id: 'description',
      header: t('datasets.description'),
      width: 'minmax(140px, 2fr)',
      minTableWidth: 560,
      render: (row) => <span title={row.description ?? undefined}>{row.description ?? <span className="quiet">–</span>}</span>,
    },
    { id: 'updated', header: t('prompts.updated'), width: '128px', render: (row) => <Instant at={row.updatedAt} /> },
  ];
}
