// The models that the gateway answers for: their deployments, whether each is ready or what it lacks, prices, and a snippet to paste.
import '#mantine-later.css';
import type { ConsoleModels } from '@genai/server/contract';
import { Alert, Badge, Drawer, Group, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { IconCode } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { modelsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { useShortcuts } from '#lib/shortcuts.ts';
import { type SnippetKind, snippet } from '#lib/snippet.ts';
import { CodeBlock } from '#ui/code-block.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { ModelCard } from './model-card.tsx';
import styles from './models.module.css';

const route = getRouteApi('/console/ui/models');
type Model = ConsoleModels['data'][number];

export function ModelsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(modelsQuery);
  const wanted = (search.search ?? '').toLowerCase();
  const models = (query.data?.data ?? []).filter((model) => matches(model, wanted));
  const openModel = (name: string | undefined) => void navigate({ search: (old) => ({ ...old, model: name }) as typeof old, replace: true });
  const [active, setActive] = useState(-1);
  const move = (by: number) => setActive((old) => Math.max(0, Math.min(models.length - 1, old + by)));
  const open = () => models[active] && openModel(models[active].name);
  useShortcuts({ j: () => move(1), k: () => move(-1), Enter: open });
  const deployments = models.flatMap((model) => model.deployments);
  const ready = deployments.filter((deployment) => deployment.ready).length;
  const aside = query.data ? (
    <Text size="sm" c="dimmed">
      {t('models.ready', { ready, total: deployments.length })}
    </Text>
  ) : null;
  const filters = (
    <SearchInput
      value={search.search ?? ''}
      placeholder={t('models.search')}
      onChange={(value) => void navigate({ search: (old) => ({ ...old, search: value || undefined }) as typeof old, replace: true })}
    />
  );
  return (
    <Page title={t('nav.models')} aside={aside} filters={filters}>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={240} radius="md" />}
      {query.data && models.length === 0 && (
        <EmptyState title={wanted ? t('models.noMatch') : t('models.empty')} hint={wanted ? t('common.noMatchHint') : t('models.emptyHint')}>
          {!wanted && <CodeBlock text={CONFIG_EXAMPLE} />}
        </EmptyState>
      )}
      <div className={styles.list}>
        {models.map((model, index) => (
          <ModelCard key={model.name} model={model} active={index === active} onSnippet={() => openModel(model.name)} />
        ))}
      </div>
      <SnippetDrawer model={query.data?.data.find((model) => model.name === search.model) ?? null} onClose={() => openModel(undefined)} />
    </Page>
  );
}

const CONFIG_EXAMPLE = `model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: azure/gpt-4o-mini
      api_base: os.environ/AZURE_API_BASE
      api_key: os.environ/AZURE_API_KEY
      api_version: "2024-10-21"`;

function matches(model: Model, wanted: string): boolean {
  if (wanted === '') return true;
  return [model.name, ...model.deployments.flatMap((one) => [one.provider, one.upstreamModel])].some((text) => text.toLowerCase().includes(wanted));
}

function SnippetDrawer({ model, onClose }: { model: Model | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const { doors } = useSession();
  const [kind, setKind] = useState<SnippetKind>('curl');
  const ready = model?.deployments.some((deployment) => deployment.ready) ?? false;
  return (
    <Drawer
      opened={model !== null}
      onClose={onClose}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      title={
        <Group gap="xs">
          <IconCode size={16} aria-hidden />
          {model?.name}
        </Group>
      }
    >
      {model && (
        <Stack gap="md">
          {!ready && <Alert color="yellow">{t('models.notReadyHint')}</Alert>}
          <SegmentedControl
            size="xs"
            aria-label={t('models.language')}
            value={kind}
            data={[
              { value: 'curl', label: 'curl' },
              { value: 'python', label: 'Python' },
              { value: 'typescript', label: 'TypeScript' },
            ]}
            onChange={(value) => setKind(value as SnippetKind)}
          />
          <CodeBlock
            text={snippet(kind, { gateway: doors.gateway, model: model.name, mode: model.deployments[0]?.mode ?? null, prompt: t('firstCall.prompt') })}
          />
          <Text size="sm" c="dimmed">
            {t('models.keyHint')}
          </Text>
          <CodeBlock text="export GENAI_API_KEY=sk-…" />
          {model.name.includes('*') && <Badge color="gray">{t('models.wildcard')}</Badge>}
        </Stack>
      )}
    </Drawer>
  );
}
