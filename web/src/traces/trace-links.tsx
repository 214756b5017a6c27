// Where an observation goes on in another project: the gateway call that it made there, or the span there that made it.
import { Anchor, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';

interface TraceLink {
  direction: 'calls' | 'calledBy';
  observationId: string;
  project: { id: string; name: string };
  traceId: string;
  linkedObservationId: string;
}

/** Links of a whole trace, or of one observation of it. */
export function TraceLinks({ projectId, traceId, observationId }: { projectId: string; traceId: string; observationId: string | null }): ReactNode {
  const { t } = useText();
  const { data } = useQuery({
    queryKey: ['trace-links', projectId, traceId],
    queryFn: ({ signal }) => api<{ data: TraceLink[] }>(`/api/public/traces/${encodeURIComponent(traceId)}/links`, { projectId, signal }),
    retry: false,
  });
  const links = (data?.data ?? []).filter((link) => observationId === null || link.observationId === observationId);
  if (links.length === 0) return null;
  return (
    <Group gap="xs" mb="sm">
      {links.map((link) => (
        <Text key={`${link.project.id} ${link.linkedObservationId}`} size="sm">
          {t(link.direction === 'calls' ? 'traceLinks.calls' : 'traceLinks.calledBy')}{' '}
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link
                to="/project/$projectId/traces/$traceId"
                params={{ projectId: link.project.id, traceId: link.traceId }}
                search={{ observation: link.linkedObservationId }}
                {...props}
              />
            )}
          >
            {link.project.name}
          </Anchor>
        </Text>
      ))}
    </Group>
  );
}
