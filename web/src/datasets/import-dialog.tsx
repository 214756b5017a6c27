// Puts the items of a JSONL or CSV file into a dataset, with a look at them before and a bar while it goes on.
import '#mantine-later.css';
import { Alert, Button, FileInput, Group, Modal, Progress, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { JsonView } from '#ui/json-view.tsx';
import { type ItemDraft, type ReadFile, readItems } from './item-files.ts';
import { useDatasetChanges } from './use-datasets.ts';

interface Props {
  opened: boolean;
  projectId: string;
  datasetName: string;
  onClose: () => void;
}

/** Larger files belong to an SDK's loop. */
const MAX_FILE_BYTES = 20_000_000;

export function ImportDialog({ opened, onClose, ...rest }: Props): ReactNode {
  const { t } = useText();
  return (
    <Modal opened={opened} onClose={onClose} title={t('datasets.import')} size="lg" closeButtonProps={{ 'aria-label': t('common.close') }}>
      <ImportForm onClose={onClose} {...rest} />
    </Modal>
  );
}

function ImportForm({ projectId, datasetName, onClose }: Omit<Props, 'opened'>): ReactNode {
  const { t } = useText();
  const { importItems } = useDatasetChanges(projectId);
  const [read, setRead] = useState<ReadFile | { fault: 'too-large'; line: 0 } | null>(null);
  const [done, setDone] = useState(0);
  const choose = async (file: File | null) => {
    importItems.reset();
    setDone(0);
    if (file === null) setRead(null);
    else setRead(file.size > MAX_FILE_BYTES ? { fault: 'too-large', line: 0 } : readItems(file.name, await file.text()));
  };
  const items: readonly ItemDraft[] = read && 'items' in read ? read.items : [];
  return (
    <Stack gap="sm">
      <FileInput label={t('datasets.file')} description={t('datasets.fileHint')} accept=".jsonl,.ndjson,.json,.csv" onChange={(file) => void choose(file)} />
      {read && 'fault' in read && <Alert color="red">{t(`datasets.fault.${read.fault}`, { line: read.line })}</Alert>}
      {items.length > 0 && (
        <>
          <Text size="sm">{t('datasets.found', { count: items.length })}</Text>
          <JsonView value={items[0]} openLevels={2} />
        </>
      )}
      {read && 'items' in read && items.length === 0 && <Alert color="yellow">{t('datasets.nothingFound')}</Alert>}
      {(importItems.isPending || importItems.isSuccess) && (
        <Progress value={items.length === 0 ? 0 : (100 * done) / items.length} aria-label={t('datasets.imported', { done, total: items.length })} />
      )}
      {importItems.isSuccess && <Text size="sm">{t('datasets.imported', { done, total: items.length })}</Text>}
      {importItems.error && (
        <>
          <Text size="sm">{t('datasets.imported', { done, total: items.length })}</Text>
          <ErrorState error={importItems.error} />
        </>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {importItems.isSuccess ? t('common.close') : t('common.cancel')}
        </Button>
        {!importItems.isSuccess && (
          <Button loading={importItems.isPending} disabled={items.length === 0} onClick={() => importItems.mutate({ datasetName, items, onProgress: setDone })}>
            {t('datasets.import')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
