// Media that a content names, shown beneath it: pictures as pictures, sound with its controls, anything else as a file. Fetched from this platform only.
import { Anchor, Group, Loader, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import styles from './chat-view.module.css';
import { type MediaReference, mediaReferences } from './media-references.ts';

export function MediaStrip({ raw, projectId }: { raw: string; projectId: string }): ReactNode {
  const references = useMemo(() => mediaReferences(raw), [raw]);
  if (references.length === 0) return null;
  return (
    <Group gap="sm" mt="xs" align="flex-end">
      {references.map((reference) => (
        <Medium key={reference.id} reference={reference} projectId={projectId} />
      ))}
    </Group>
  );
}

function Medium({ reference, projectId }: { reference: MediaReference; projectId: string }): ReactNode {
  const { t } = useText();
  const { id, contentType } = reference;
  const query = useQuery({
    queryKey: ['media', projectId, id],
    queryFn: ({ signal }) =>
      api<{ url: string; contentType: string; contentLength: number }>(`/api/public/media/${encodeURIComponent(id)}`, { projectId, signal }),
    // Its address holds for an hour.
    staleTime: 30 * 60_000,
    retry: false,
  });
  if (query.error)
    return (
      <Text size="sm" c="dimmed">
        {t('media.gone', { type: contentType })}
      </Text>
    );
  if (!query.data) return <Loader size="xs" />;
  // The address as this page reaches it: behind a proxy the server may know another name of itself.
  const { pathname, search } = new URL(query.data.url);
  const address = pathname + search;
  if (contentType.startsWith('image/') && contentType !== 'image/svg+xml') return <img src={address} alt={contentType} className={styles.image} />;
  // biome-ignore lint/a11y/useMediaCaption: recorded sound has no captions.
  if (contentType.startsWith('audio/')) return <audio controls src={address} />;
  return (
    <Anchor href={address} download size="sm">
      {t('media.file', { type: contentType, kilobytes: Math.ceil(query.data.contentLength / 1024) })}
    </Anchor>
  );
}
