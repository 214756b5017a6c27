// A page that is one table of a project's rows over a time range, paged at its end: what sessions, scores and the like have in common.
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { shownColumns } from '#lib/list-view.ts';
import type { TimeRange } from '#lib/time-range.ts';
import { EmptyState } from './empty-state.tsx';
import { ErrorState } from './error-state.tsx';
import { InnerTable, type InnerTableProps } from './inner-table.tsx';
import { Page } from './page.tsx';
import { ProjectPicker } from './project-picker.tsx';
import { TimeRangePicker } from './time-range-picker.tsx';
import { type ListViews, ViewTools } from './view-tools.tsx';

export interface ListPageProps<Row> extends Omit<InnerTableProps<Row>, 'label'> {
  title: string;
  aside?: ReactNode;
  projectId: string | null;
  onProject: (projectId: string) => void;
  /** Absent for lists that have no time. */
  range?: { value: TimeRange; onChange: (range: TimeRange) => void };
  /** Beside the pickers. */
  tools?: ReactNode;
  filters?: ReactNode;
  /** Lists whose views can be kept and whose columns can be chosen. */
  views?: ListViews;
}

export function ListPage<Row>(props: ListPageProps<Row>): ReactNode {
  const { t } = useText();
  const { query, projectId, rows } = props;
  const tools = (
    <>
      <Tooltip label={t('common.refresh')}>
        <ActionIcon variant="default" size={30} aria-label={t('common.refresh')} loading={query.isFetching} onClick={() => void query.refetch()}>
          <IconRefresh size={15} />
        </ActionIcon>
      </Tooltip>
      <ProjectPicker value={projectId} onChange={props.onProject} />
      {props.range && <TimeRangePicker value={props.range.value} onChange={props.range.onChange} />}
      {props.views && projectId !== null && <ViewTools projectId={projectId} views={props.views} columns={props.columns} />}
      {props.tools}
    </>
  );
  return (
    <Page title={props.title} aside={props.aside} tools={tools} filters={props.filters} fill>
      {query.error && rows.length > 0 && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {projectId === null && <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />}
      {projectId !== null && <InnerTable {...props} columns={shownColumns(props.columns, props.views?.search.hide)} label={props.title} />}
    </Page>
  );
}
