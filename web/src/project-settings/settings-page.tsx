// Settings of one project, for those who administer it; others see them.
import '#mantine-later.css';
import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { LabelsTab } from './labels-tab.tsx';
import { PeopleTab } from './people-tab.tsx';
import { SamplingTab } from './sampling-tab.tsx';

const route = getRouteApi('/console/ui/project');
const TABS = ['people', 'labels', 'sampling'] as const;

export function SettingsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const set = (part: { project?: string; tab?: string }) => void navigate({ search: (old) => ({ ...old, ...part }) as typeof old });
  const tab = TABS.find((one) => one === search.tab) ?? TABS[0];
  return (
    <Page title={t('nav.projectSettings')} tools={<ProjectPicker value={projectId} onChange={(project) => set({ project })} />}>
      {projectId === null ? (
        <EmptyState title={t('evaluation.noProject')} />
      ) : (
        <Tabs value={tab} onChange={(value) => value !== null && set({ tab: value })}>
          <Tabs.List mb="md">
            {TABS.map((one) => (
              <Tabs.Tab key={one} value={one}>
                {t(`projectSettings.tab.${one}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="people">
            <PeopleTab key={projectId} projectId={projectId} />
          </Tabs.Panel>
          <Tabs.Panel value="labels">
            <LabelsTab key={projectId} projectId={projectId} />
          </Tabs.Panel>
          <Tabs.Panel value="sampling">
            <SamplingTab key={projectId} projectId={projectId} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}
