// One item of a dataset, to read and to change; every change is a new version of it.
import '#mantine-later.css';
import { Anchor, Button, Drawer, Group, Skeleton, Stack, Textarea } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Identifier } from '#ui/identifier.tsx';
import { Instant } from '#ui/instant.tsx';
import styles from './datasets.module.css';
import type { ItemDraft } from './item-files.ts';
import { type DatasetItem, useDatasetChanges } from './use-datasets.ts';

interface Props {
  projectId: string;
  datasetName: string;
  /** `new` for an item to write; null while the drawer is closed. */
  itemId: string | null;
  onClose: () => void;
}

function itemQuery(projectId: string, itemId: string) {
  return queryOptions({
    queryKey: ['datasets', projectId, 'item', itemId],
    queryFn: ({ signal }) => api<DatasetItem>(`/api/public/dataset-items/${encodeURIComponent(itemId)}`, { projectId, signal }),
  });
}

export function ItemDrawer({ projectId, datasetName, itemId, onClose }: Props): ReactNode {
  const { t } = useText();
  const isNew = itemId === 'new';
  const query = useQuery({ ...itemQuery(projectId, itemId ?? ''), enabled: itemId !== null && !isNew });
  return (
    <Drawer
      opened={itemId !== null}
      onClose={onClose}
      title={isNew ? t('datasets.addItem') : t('datasets.item')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {!isNew && query.isPending && !query.error && <Skeleton height={240} />}
      {isNew && <ItemForm projectId={projectId} datasetName={datasetName} item={null} onClose={onClose} />}
      {!isNew && query.data && <ItemForm key={query.data.updatedAt} projectId={projectId} datasetName={datasetName} item={query.data} onClose={onClose} />}
    </Drawer>
  );
}

const asText = (value: unknown): string => (value === null || value === undefined ? '' : JSON.stringify(value, null, 2));

/** JSON where it is JSON; anything else is a text. Empty = null. */
function asValue(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function ItemForm({ projectId, datasetName, item, onClose }: Omit<Props, 'itemId'> & { item: DatasetItem | null }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(projectId);
  const { saveItem } = useDatasetChanges(projectId);
  const [input, setInput] = useState(asText(item?.input));
  const [expected, setExpected] = useState(asText(item?.expectedOutput));
  const [metadata, setMetadata] = useState(asText(item?.metadata));
  const readOnly = !mayChange;
  const save = (change: ItemDraft) => saveItem.mutate({ datasetName, item: { ...(item ? { id: item.id } : {}), ...change } }, { onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save({ input: asValue(input), expectedOutput: asValue(expected), metadata: asValue(metadata) });
  };
  const field = (label: string, value: string, onChange: (text: string) => void, minRows: number) => (
    <Textarea
      label={label}
      autosize
      minRows={minRows}
      maxRows={20}
      readOnly={readOnly}
      classNames={{ input: styles.editor }}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {item && (
          <Facts
            items={[
              [t('traces.id'), <Identifier key="id" value={item.id} />],
              [t('prompts.updated'), <Instant key="updated" at={item.updatedAt} />],
              [t('datasets.source'), item.sourceTraceId === null ? null : <SourceLink key="source" projectId={projectId} item={item} />],
            ]}
          />
        )}
        {field(t('common.input'), input, setInput, 6)}
        {field(t('datasets.expected'), expected, setExpected, 4)}
        {field(t('traces.metadata'), metadata, setMetadata, 2)}
        {saveItem.error && <ErrorState error={saveItem.error} />}
        {!readOnly && (
          <Group justify="space-between">
            {item ? (
              <Button
                variant="default"
                loading={saveItem.isPending}
                onClick={() =>
                  save({
                    input: item.input,
                    expectedOutput: item.expectedOutput,
                    metadata: item.metadata,
                    status: item.status === 'ACTIVE' ? 'ARCHIVED' : 'ACTIVE',
                  })
                }
              >
                {item.status === 'ACTIVE' ? t('datasets.archive') : t('datasets.unarchive')}
              </Button>
            ) : (
              <span />
            )}
            <Button type="submit" loading={saveItem.isPending} disabled={input.trim() === '' && expected.trim() === ''}>
              {t('common.save')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

function SourceLink({ projectId, item }: { projectId: string; item: DatasetItem }): ReactNode {
  const { t } = useText();
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link
          to="/project/$projectId/traces/$traceId"
          params={{ projectId, traceId: item.sourceTraceId as string }}
          search={item.sourceObservationId === null ? {} : { observation: item.sourceObservationId }}
          {...props}
        />
      )}
    >
      {t('requests.openTrace')}
    </Anchor>
  );
}
