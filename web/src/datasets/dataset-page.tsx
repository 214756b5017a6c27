// One dataset: its items, and the runs that went over them.
import '#mantine-later.css';
import { Anchor, Breadcrumbs, Button, Group, Tabs } from '@mantine/core';
import { IconDownload, IconFlask, IconPlus, IconUpload } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { allPages } from '#api/project-queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { Page } from '#ui/page.tsx';
import styles from './datasets.module.css';
import { ExperimentDialog } from './experiment-dialog.tsx';
import { ExperimentList } from './experiment-list.tsx';
import { ImportDialog } from './import-dialog.tsx';
import { ItemDrawer } from './item-drawer.tsx';
import { writeJsonLines } from './item-files.ts';
import { ItemsTable } from './items-table.tsx';
import { RunsTable } from './runs-table.tsx';
import type { DatasetItem } from './use-datasets.ts';

const route = getRouteApi('/console/project/$projectId/datasets/$datasetName');

export function DatasetPage(): ReactNode {
  const { t } = useText();
  const { projectId, datasetName } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tab = search.tab === 'runs' ? 'runs' : 'items';
  const show = (item: string | undefined) => void navigate({ search: item === undefined ? {} : { item }, replace: true });
  const crumbs = (
    <Breadcrumbs separator="/" separatorMargin={6}>
      <Anchor size="sm" renderRoot={(props) => <Link to="/ui/datasets" search={{ project: projectId }} {...props} />}>
        {t('nav.datasets')}
      </Anchor>
      <span className="quiet truncate">{datasetName}</span>
    </Breadcrumbs>
  );
  return (
    <Page
      title={datasetName}
      filters={crumbs}
      tools={
        <Tools
          projectId={projectId}
          datasetName={datasetName}
          onAdd={() => show('new')}
          onStarted={() => void navigate({ search: { tab: 'runs' }, replace: true })}
        />
      }
      fill
    >
      <Tabs value={tab} onChange={(value) => void navigate({ search: value === 'runs' ? { tab: 'runs' } : {}, replace: true })} className={styles.tabs}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="items">{t('datasets.items')}</Tabs.Tab>
          <Tabs.Tab value="runs">{t('datasets.runs')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="items" className={styles.panel}>
          <ItemsTable projectId={projectId} datasetName={datasetName} onOpen={(item) => show(item.id)} />
        </Tabs.Panel>
        <Tabs.Panel value="runs" className={styles.panel}>
          <ExperimentList projectId={projectId} datasetName={datasetName} />
          <RunsTable projectId={projectId} datasetName={datasetName} />
        </Tabs.Panel>
      </Tabs>
      <ItemDrawer projectId={projectId} datasetName={datasetName} itemId={search.item ?? null} onClose={() => show(undefined)} />
    </Page>
  );
}

interface ToolsProps {
  projectId: string;
  datasetName: string;
  onAdd: () => void;
  onStarted: () => void;
}

function Tools({ projectId, datasetName, onAdd, onStarted }: ToolsProps): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(projectId);
  const [importing, setImporting] = useState(false);
  const [starting, setStarting] = useState(false);
  const [exporting, setExporting] = useState(false);
  const download = async () => {
    setExporting(true);
    try {
      const items = await allPages<DatasetItem>('/api/public/dataset-items', projectId, { datasetName });
      save(`${datasetName.replaceAll('/', '_')}.jsonl`, writeJsonLines(items));
    } finally {
      setExporting(false);
    }
  };
  return (
    <Group gap="xs">
      <Button variant="default" leftSection={<IconDownload size={14} />} loading={exporting} onClick={() => void download()}>
        {t('datasets.export')}
      </Button>
      {mayChange && (
        <>
          <Button variant="default" leftSection={<IconUpload size={14} />} onClick={() => setImporting(true)}>
            {t('datasets.import')}
          </Button>
          <Button variant="default" leftSection={<IconFlask size={14} />} onClick={() => setStarting(true)}>
            {t('experiments.start')}
          </Button>
          <Button leftSection={<IconPlus size={14} />} onClick={onAdd}>
            {t('datasets.addItem')}
          </Button>
          <ExperimentDialog
            opened={starting}
            projectId={projectId}
            datasetName={datasetName}
            onClose={() => setStarting(false)}
            onStarted={() => {
              setStarting(false);
              onStarted();
            }}
          />
          <ImportDialog opened={importing} projectId={projectId} datasetName={datasetName} onClose={() => setImporting(false)} />
        </>
      )}
    </Group>
  );
}

/** Hands a text to the browser's downloads. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/jsonl' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
