// Chooses the project of a page; hidden while there is only one, and so fetched only when there are two.
import { lazy, type ReactNode, Suspense } from 'react';
import { useSession } from '#lib/session.tsx';

const ProjectSelect = lazy(() => import('./project-select.tsx').then((module) => ({ default: module.ProjectSelect })));

export function ProjectPicker({ value, onChange }: { value: string | null; onChange: (projectId: string) => void }): ReactNode {
  const { projects } = useSession();
  if (projects.length < 2) return null;
  return (
    <Suspense>
      <ProjectSelect value={value} onChange={onChange} />
    </Suspense>
  );
}
