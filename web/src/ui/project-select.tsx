// The list of projects to choose from.
import '#mantine-later.css';
import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { rememberProject, useSession } from '#lib/session.tsx';

export function ProjectSelect({ value, onChange }: { value: string | null; onChange: (projectId: string) => void }): ReactNode {
  const { t } = useText();
  const { projects } = useSession();
  return (
    <Select
      w={180}
      searchable
      allowDeselect={false}
      aria-label={t('common.project')}
      value={value}
      data={projects.map((project) => ({ value: project.id, label: project.name }))}
      onChange={(projectId) => {
        if (projectId === null) return;
        rememberProject(projectId);
        onChange(projectId);
      }}
    />
  );
}
