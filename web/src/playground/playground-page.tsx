// The playground: messages and parameters on the left, the model's answer on the right. It begins empty, with a version of a prompt, or with a generation of a trace.
import '#mantine-later.css';
import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { modelsQuery, traceQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { pickModel } from '#lib/pick-model.ts';
import { useMayChange, useProjectId } from '#lib/session.tsx';
import { type PromptVersion, versionQuery, writtenOutQuery } from '#prompts/use-prompts.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { Bench } from './bench.tsx';
import { type Draft, draftOfObservation, draftOfPrompt, EMPTY_DRAFT, isComposed, servedName } from './draft.ts';
import type { PlaygroundSearch } from './url.ts';

const route = getRouteApi('/console/ui/playground');

export function PlaygroundPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const mayChange = useMayChange(projectId);
  return (
    <Page
      title={t('nav.playground')}
      tools={<ProjectPicker value={projectId} onChange={(project) => void navigate({ search: { project } })} />}
      filters={
        <Text size="sm" c="dimmed">
          {t('playground.who')}
        </Text>
      }
    >
      {projectId === null && <EmptyState title={t('evaluation.noProject')} />}
      {projectId !== null && !mayChange && <EmptyState title={t('playground.viewer')} hint={t('playground.viewerHint')} />}
      {projectId !== null && mayChange && <Begun key={JSON.stringify([projectId, search])} projectId={projectId} search={search} />}
    </Page>
  );
}

/** Waits for what the link names. */
function Begun({ projectId, search }: { projectId: string; search: PlaygroundSearch }): ReactNode {
  const models = useQuery(modelsQuery);
  const source = useSource(projectId, search);
  const error = models.error ?? source.error;
  if (error) return <ErrorState error={error} onRetry={() => void Promise.all([models.refetch(), source.retry()])} />;
  if (!models.data || source.draft === null) return <Skeleton height={360} radius="md" />;
  const served = models.data.data;
  // What a trace or a prompt calls its model need not be a name here.
  const known = servedName(served, source.draft.model);
  const names = served.map(({ name }) => name);
  const notice = { wanted: known === null ? source.draft.model : '', isComposed: source.isComposed };
  return (
    <Bench projectId={projectId} first={{ ...source.draft, model: known ?? pickModel(served, []) }} names={names} notice={notice} source={source.version} />
  );
}

interface Source {
  /** Null while it is not read. */
  draft: Draft | null;
  version: PromptVersion | null;
  isComposed: boolean;
  error: Error | null;
  retry: () => Promise<unknown>;
}

const QUIET = { refetchOnWindowFocus: false };
const NOTHING: Source = { draft: EMPTY_DRAFT, version: null, isComposed: false, error: null, retry: async () => undefined };

/** What the playground begins with. */
function useSource(projectId: string, { prompt, version, trace, observation }: PlaygroundSearch): Source {
  const number = Number(version);
  const named = prompt !== undefined && Number.isInteger(number) ? { name: prompt, version: number } : null;
  const recorded = trace !== undefined && observation !== undefined ? { trace, observation } : null;
  const ofPrompt = usePromptSource(projectId, named);
  const ofTrace = useTraceSource(projectId, recorded);
  if (named !== null) return ofPrompt;
  return recorded === null ? NOTHING : ofTrace;
}

/** A prompt that holds others is taken as an application gets it. */
function usePromptSource(projectId: string, named: { name: string; version: number } | null): Source {
  const { name, version } = named ?? { name: '', version: 0 };
  const stored = useQuery({ ...versionQuery(projectId, name, version), ...QUIET, enabled: named !== null });
  const composed = stored.data !== undefined && isComposed(stored.data.prompt);
  const whole = useQuery({ ...writtenOutQuery(projectId, name, version), ...QUIET, enabled: composed });
  const content = composed ? whole.data : stored.data;
  return {
    draft: content === undefined ? null : draftOfPrompt(content),
    version: stored.data ?? null,
    isComposed: composed,
    error: stored.error ?? whole.error,
    retry: () => Promise.all([stored.refetch(), composed && whole.refetch()]),
  };
}

function useTraceSource(projectId: string, recorded: { trace: string; observation: string } | null): Source {
  const { data, error, refetch } = useQuery({ ...traceQuery(projectId, recorded?.trace ?? ''), ...QUIET, enabled: recorded !== null });
  const found = data?.observations.find((one) => one.id === recorded?.observation);
  const draft = data === undefined ? null : found === undefined ? EMPTY_DRAFT : draftOfObservation(found);
  return { ...NOTHING, draft, error, retry: () => refetch() };
}
