// Alerts: rules with their states, when they fired, and who is told.
import '#mantine-later.css';
import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { HistoryTab } from './history-tab.tsx';
import { ReceiversTab } from './receivers-tab.tsx';
import { RulesTab } from './rules-tab.tsx';
import type { AlertsSearch } from './url.ts';

const route = getRouteApi('/console/ui/alerts');
const TABS = ['rules', 'history', 'receivers'] as const;

export function AlertsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const set = (part: { [Name in keyof AlertsSearch]?: string | undefined }) => void navigate({ search: (old) => ({ ...old, ...part }) as AlertsSearch });
  const tab = TABS.find((one) => one === search.tab) ?? 'rules';
  return (
    <Page title={t('nav.alerts')} tools={<ProjectPicker value={projectId} onChange={(project) => set({ project, rule: undefined })} />}>
      {projectId === null ? (
        <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />
      ) : (
        <Tabs value={tab} onChange={(value) => value !== null && set({ tab: value, rule: undefined })}>
          <Tabs.List mb="md">
            {TABS.map((one) => (
              <Tabs.Tab key={one} value={one}>
                {t(`alerts.tab.${one}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="rules">
            <RulesTab projectId={projectId} onHistory={(rule) => set({ tab: 'history', rule })} />
          </Tabs.Panel>
          <Tabs.Panel value="history">
            <HistoryTab projectId={projectId} ruleId={search.rule} onAll={() => set({ rule: undefined })} />
          </Tabs.Panel>
          <Tabs.Panel value="receivers">
            <ReceiversTab projectId={projectId} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}
