// The way into the playground from what was recorded or written; not for who may not spend.
import { Button } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import type { PlaygroundSearch } from './url.ts';

export function OpenInPlayground({ projectId, from }: { projectId: string; from: Omit<PlaygroundSearch, 'project'> }): ReactNode {
  const { t } = useText();
  if (!useMayChange(projectId)) return null;
  return (
    <Button
      variant="default"
      leftSection={<IconFlask size={14} />}
      renderRoot={(props) => <Link to="/ui/playground" search={{ project: projectId, ...from }} {...props} />}
    >
      {t('playground.open')}
    </Button>
  );
}
