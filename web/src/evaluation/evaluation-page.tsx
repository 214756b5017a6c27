// How answers are judged: what is judged, what judges, the queue, and how models are reached for it.
import '#mantine-later.css';
import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { ConnectionsTab } from './connections-tab.tsx';
import { EvaluatorsTab } from './evaluators-tab.tsx';
import { QueueTab } from './queue-tab.tsx';
import { RulesTab } from './rules-tab.tsx';

const route = getRouteApi('/console/ui/evaluation');
const TABS = ['rules', 'evaluators', 'queue', 'connections'] as const;

export function EvaluationPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const set = (part: { project?: string; tab?: string }) => void navigate({ search: (old) => ({ ...old, ...part }) as typeof old });
  const tab = TABS.find((one) => one === search.tab) ?? 'rules';
  return (
    <Page title={t('nav.evaluation')} tools={<ProjectPicker value={projectId} onChange={(project) => set({ project })} />}>
      {projectId === null ? (
        <EmptyState title={t('evaluation.noProject')} />
      ) : (
        <Tabs value={tab} onChange={(value) => value !== null && set({ tab: value })}>
          <Tabs.List mb="md">
            {TABS.map((one) => (
              <Tabs.Tab key={one} value={one}>
                {t(`evaluation.tab.${one}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="rules">
            <RulesTab projectId={projectId} />
          </Tabs.Panel>
          <Tabs.Panel value="evaluators">
            <EvaluatorsTab projectId={projectId} />
          </Tabs.Panel>
          <Tabs.Panel value="queue">
            <QueueTab projectId={projectId} />
          </Tabs.Panel>
          <Tabs.Panel value="connections">
            <ConnectionsTab projectId={projectId} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}
