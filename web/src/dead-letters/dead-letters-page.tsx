// What was accepted and could not be stored, with its reason: sent again or discarded, one by one or all of a reason.
import '#mantine-later.css';
import { Alert, Button, Select } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange, useProjectId } from '#lib/session.tsx';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { LetterDrawer } from './letter-drawer.tsx';
import type { DeadLettersSearch } from './url.ts';
import { type Choice, type LetterRow, lettersQuery, reasonsQuery, useLetterChanges } from './use-dead-letters.ts';

const route = getRouteApi('/console/ui/dead-letters');

export function DeadLettersPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = (change: { [Name in keyof DeadLettersSearch]?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }) as DeadLettersSearch, replace: true });
  const projectId = useProjectId(search.project);
  const [open, setOpen] = useState<string | null>(null);
  const filter = { place: search.place, reason: search.reason };
  const query = useInfiniteQuery({ ...lettersQuery(projectId ?? '', filter), enabled: projectId !== null });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useColumns();
  return (
    <>
      <ListPage
        title={t('nav.deadLetters')}
        projectId={projectId}
        onProject={(project) => update({ project, place: undefined, reason: undefined })}
        filters={projectId === null ? null : <Reasons projectId={projectId} search={search} onChange={update} />}
        tools={projectId === null || rows.length === 0 ? null : <Changes projectId={projectId} choice={{ ...filter, all: true }} />}
        query={query}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        rowHeight={36}
        onOpen={(row) => setOpen(row.id)}
        empty={<EmptyState title={t('deadLetters.empty')} hint={t('deadLetters.emptyHint')} />}
      />
      {projectId !== null && <LetterDrawer projectId={projectId} id={open} onClose={() => setOpen(null)} />}
    </>
  );
}

interface ReasonsProperties {
  projectId: string;
  search: DeadLettersSearch;
  onChange: (change: { place: string | undefined; reason: string | undefined }) => void;
}

/** Places and reasons as one choice: a reason belongs to where it was found. */
function Reasons({ projectId, search, onChange }: ReasonsProperties): ReactNode {
  const { t, language } = useText();
  const { data } = useQuery(reasonsQuery(projectId));
  const known = data?.data ?? [];
  const at = known.findIndex(({ place, reason }) => place === search.place && reason === search.reason);
  return (
    <Select
      w={420}
      clearable
      searchable
      aria-label={t('deadLetters.reason')}
      placeholder={t('deadLetters.reason')}
      value={at < 0 ? null : String(at)}
      data={known.map(({ place, reason, count }, index) => ({
        value: String(index),
        label: `${place}: ${reason.slice(0, 120)} (${formatCount(count, language)})`,
      }))}
      onChange={(value) => {
        const chosen = value === null ? undefined : known[Number(value)];
        onChange({ place: chosen?.place, reason: chosen?.reason });
      }}
    />
  );
}

function Changes({ projectId, choice }: { projectId: string; choice: Choice }): ReactNode {
  const { t, language } = useText();
  const mayChange = useMayChange(projectId);
  const { redrive, discard } = useLetterChanges(projectId);
  const [asking, setAsking] = useState(false);
  if (!mayChange) return null;
  const { data } = redrive;
  return (
    <>
      <Button loading={redrive.isPending} onClick={() => redrive.mutate(choice)}>
        {t('deadLetters.redriveAll')}
      </Button>
      <Button variant="default" onClick={() => setAsking(true)}>
        {t('deadLetters.discardAll')}
      </Button>
      {redrive.error && <ErrorState error={redrive.error} />}
      {data && (
        <Alert
          color={data.failed.length === 0 ? 'teal' : 'yellow'}
          variant="light"
          withCloseButton
          closeButtonLabel={t('common.close')}
          onClose={() => redrive.reset()}
        >
          {t('deadLetters.redriven', {
            count: formatCount(data.redriven, language),
            failed: formatCount(data.failed.length, language),
            left: formatCount(data.left, language),
          })}
        </Alert>
      )}
      <ConfirmDialog
        opened={asking}
        title={t('deadLetters.discardAll')}
        question={t('deadLetters.discardMany')}
        hint={t('deadLetters.discardHint')}
        action={t('deadLetters.discard')}
        busy={discard.isPending}
        error={discard.error}
        onClose={() => setAsking(false)}
        onConfirm={() => discard.mutate(choice, { onSuccess: () => setAsking(false) })}
      />
    </>
  );
}

function useColumns(): Column<LetterRow>[] {
  const { t, language } = useText();
  return [
    { id: 'time', header: t('common.time'), width: '128px', minTableWidth: 460, render: (row) => <Instant at={row.receivedAt} /> },
    { id: 'place', header: t('deadLetters.place'), width: '120px', render: (row) => <span className="truncate">{row.place}</span> },
    { id: 'reason', header: t('deadLetters.reason'), width: 'minmax(160px, 2fr)', render: (row) => <span title={row.reason}>{row.reason}</span> },
    {
      id: 'content',
      header: t('deadLetters.content'),
      width: 'minmax(120px, 2fr)',
      minTableWidth: 720,
      render: (row) => <span className="quiet truncate">{row.beginning}</span>,
    },
    {
      id: 'bytes',
      header: t('deadLetters.bytes'),
      width: '90px',
      minTableWidth: 860,
      render: (row) => <span className="numeric">{formatCount(row.bytes, language)}</span>,
    },
  ];
}
