// The versions of a prompt, newest first, with labels, author and message; loaded as they come into sight would be more than people have.
import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useShortcuts } from '#lib/shortcuts.ts';
import { Instant } from '#ui/instant.tsx';
import { MoreButton } from '#ui/more-button.tsx';
import { LabelBadge } from './label-badge.tsx';
import styles from './prompts.module.css';
import { versionQuery } from './use-prompts.ts';

/** Each version is a read of its own, so the newest come first and the rest on demand. */
const SHOWN = 30;

interface Props {
  projectId: string;
  name: string;
  /** Newest first. */
  versions: readonly number[];
  shown: number;
  onShow: (version: number) => void;
}

export function VersionList({ projectId, name, versions, shown, onShow }: Props): ReactNode {
  const { t } = useText();
  const [count, setCount] = useState(SHOWN);
  const move = (by: number) => () => {
    const next = versions[versions.indexOf(shown) + by];
    if (next !== undefined) onShow(next);
  };
  useShortcuts({ j: move(1), k: move(-1) });
  return (
    <nav className={styles.versions} aria-label={t('prompts.versions')}>
      <Stack gap={2}>
        {versions.slice(0, count).map((version) => (
          <VersionRow key={version} projectId={projectId} name={name} version={version} active={version === shown} onShow={() => onShow(version)} />
        ))}
        <MoreButton left={versions.length - count} onMore={() => setCount(count + SHOWN)} />
      </Stack>
    </nav>
  );
}

function VersionRow({
  projectId,
  name,
  version,
  active,
  onShow,
}: {
  projectId: string;
  name: string;
  version: number;
  active: boolean;
  onShow: () => void;
}): ReactNode {
  const query = useQuery(versionQuery(projectId, name, version));
  return (
    <button type="button" className={styles.version} data-active={active} aria-current={active} onClick={onShow}>
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Text fw={600} size="sm">
          v{version}
        </Text>
        <Group gap={4}>
          {query.data?.labels.map((label) => (
            <LabelBadge key={label} label={label} />
          ))}
        </Group>
      </Group>
      {query.data ? (
        <span className={styles.versionFacts}>
          {query.data.commitMessage && <span className="truncate">{query.data.commitMessage}</span>}
          <span className="truncate">
            {query.data.createdBy} · <Instant at={query.data.createdAt} short />
          </span>
        </span>
      ) : (
        <Skeleton height={10} mt={4} />
      )}
    </button>
  );
}
