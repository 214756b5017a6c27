// Which columns of a list are shown, and the views that the project keeps of it under names.
import '#mantine-later.css';
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { IconBookmark, IconCheck, IconColumns3, IconTrash } from '@tabler/icons-react';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { hiddenColumns, sameView, switchColumn, viewState } from '#lib/list-view.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from './error-state.tsx';

export interface ListViews {
  list: 'traces' | 'observations' | 'sessions' | 'scores';
  /** The page's link. */
  search: Readonly<Record<string, string | undefined>>;
  /** Opens another one in its place. */
  replace: (search: Record<string, string>) => void;
}

interface Props {
  projectId: string;
  views: ListViews;
  columns: readonly { id: string; header: string }[];
}

export function ViewTools({ projectId, views, columns }: Props): ReactNode {
  const { t } = useText();
  const hidden = hiddenColumns(views.search.hide);
  const project = views.search.project;
  const kept = project === undefined ? {} : { project };
  return (
    <>
      <Menu closeOnItemClick={false} position="bottom-end">
        <Menu.Target>
          <Tooltip label={t('views.columns')}>
            <ActionIcon variant="default" size={30} aria-label={t('views.columns')}>
              <IconColumns3 size={15} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {columns
            .filter(({ header }) => header !== '')
            .map(({ id, header }) => (
              <Menu.Item
                key={id}
                role="menuitemcheckbox"
                aria-checked={!hidden.has(id)}
                leftSection={<IconCheck size={14} style={{ visibility: hidden.has(id) ? 'hidden' : 'visible' }} />}
                onClick={() => views.replace({ ...kept, ...viewState({ ...views.search, hide: switchColumn(columns, views.search.hide, id) }) })}
              >
                {header}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
      <SavedViews projectId={projectId} views={views} />
    </>
  );
}

interface SavedView {
  id: string;
  name: string;
  state: Record<string, string>;
}

const PATH = '/api/public/unstable/saved-views';

function viewsQuery(projectId: string, list: string) {
  return queryOptions({
    queryKey: ['saved-views', projectId, list],
    queryFn: ({ signal }) => api<{ data: SavedView[] }>(PATH, { projectId, query: { list }, signal }),
  });
}

function SavedViews({ projectId, views }: Omit<Props, 'columns'>): ReactNode {
  const { t } = useText();
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [saving, setSaving] = useState(false);
  const query = useQuery({ ...viewsQuery(projectId, views.list), enabled: opened });
  const remove = useMutation({
    mutationFn: (id: string) => api(`${PATH}/${encodeURIComponent(id)}`, { method: 'DELETE', projectId }),
    onSuccess: () => queries.invalidateQueries({ queryKey: viewsQuery(projectId, views.list).queryKey }),
  });
  const state = viewState(views.search);
  const mayWrite = useMayChange(projectId);
  const open = (view: SavedView) => views.replace({ ...(views.search.project === undefined ? {} : { project: views.search.project }), ...view.state });
  return (
    <>
      <Menu opened={opened} onChange={setOpened} position="bottom-end" width={280}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={14} />}>
            {t('views.title')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(query.error ?? remove.error) && <ErrorState error={query.error ?? remove.error} />}
          {query.data?.data.length === 0 && (
            <Text size="sm" c="dimmed" p="xs">
              {t('views.none')}
            </Text>
          )}
          {query.data?.data.map((view) => (
            <Group key={view.id} gap={2} wrap="nowrap">
              <Menu.Item
                style={{ flex: 1 }}
                leftSection={sameView(view.state, state) ? <IconCheck size={14} /> : <span style={{ width: 14 }} />}
                onClick={() => open(view)}
              >
                {view.name}
              </Menu.Item>
              {mayWrite && (
                <ActionIcon variant="subtle" color="gray" aria-label={t('views.remove', { name: view.name })} onClick={() => remove.mutate(view.id)}>
                  <IconTrash size={14} />
                </ActionIcon>
              )}
            </Group>
          ))}
          {mayWrite && (
            <>
              <Menu.Divider />
              <Menu.Item onClick={() => setSaving(true)}>{t('views.save')}</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={saving} onClose={() => setSaving(false)} title={t('views.save')} closeButtonProps={{ 'aria-label': t('common.close') }}>
        <SaveForm projectId={projectId} list={views.list} state={state} onDone={() => setSaving(false)} />
      </Modal>
    </>
  );
}

function SaveForm({ projectId, list, state, onDone }: { projectId: string; list: string; state: Record<string, string>; onDone: () => void }): ReactNode {
  const { t } = useText();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const save = useMutation({
    mutationFn: () => api(PATH, { method: 'POST', projectId, body: { list, name: name.trim(), state } }),
    onSuccess: async () => {
      onDone();
      await queries.invalidateQueries({ queryKey: viewsQuery(projectId, list).queryKey });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={t('traces.name')}
          description={t('views.hint')}
          required
          maxLength={100}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {save.error && <ErrorState error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
