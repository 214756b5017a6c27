// The route table of the console: /ui/* for pages, Langfuse's /project/{id}/… for links that people already have.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { readAlertsSearch } from '#alerts/url.ts';
import { readQueuesSearch, readWorkSearch } from '#annotation/url.ts';
import { readComparisonSearch } from '#comparison/url.ts';
import { readCompatibilitySearch } from '#compatibility/url.ts';
import { readDashboardSearch, readDashboardsSearch } from '#dashboards/url.ts';
import { readDatasetSearch, readDatasetsSearch } from '#datasets/url.ts';
import { readDeadLettersSearch } from '#dead-letters/url.ts';
import { readEvaluationSearch } from '#evaluation/url.ts';
import { readExportSearch } from '#exports/url.ts';
import { loadPageTexts } from '#i18n/i18n.ts';
import { readKeysSearch } from '#keys/url.ts';
import { parseSearch, pickTexts, stringifySearch } from '#lib/url-state.ts';
import { readLiveSearch } from '#live/url.ts';
import { readModelsSearch } from '#models/url.ts';
import { readOverviewSearch } from '#overview/url.ts';
import { readPeopleSearch } from '#people/url.ts';
import { readPlaygroundSearch } from '#playground/url.ts';
import { readSettingsSearch } from '#project-settings/url.ts';
import { readPromptSearch, readPromptsSearch } from '#prompts/url.ts';
import { readRequestsSearch } from '#requests/url.ts';
import { readScoresSearch } from '#scores/url.ts';
import { readSessionsSearch } from '#sessions/url.ts';
import { NotFound } from '#shell/not-found.tsx';
import { Shell } from '#shell/shell.tsx';
import { readTeamsSearch } from '#teams/url.ts';
import { readTraceSearch, readTracesSearch } from '#traces/url.ts';
import { PageError } from '#ui/page-error.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/** A page behind the first one: its code comes together with the texts that only such pages use. */
function page<Module extends Record<string, unknown>, Name extends keyof Module & string>(load: () => Promise<Module>, name: Name) {
  return lazyRouteComponent(async () => (await Promise.all([load(), loadPageTexts()]))[0], name);
}

const login = createRoute({
  getParentRoute: () => root,
  path: '/ui/login',
  validateSearch: (values: Record<string, unknown>) => pickTexts(values, ['next']),
  component: lazyRouteComponent(() => import('#login/login-page.tsx'), 'LoginPage'),
});

const shell = createRoute({ getParentRoute: () => root, id: 'console', component: Shell });

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/ui/overview',
  validateSearch: readOverviewSearch,
  component: lazyRouteComponent(() => import('#overview/overview-page.tsx'), 'OverviewPage'),
});
const requests = createRoute({
  getParentRoute: () => shell,
  path: '/ui/requests',
  validateSearch: readRequestsSearch,
  component: page(() => import('#requests/requests-page.tsx'), 'RequestsPage'),
});
const traces = createRoute({
  getParentRoute: () => shell,
  path: '/ui/traces',
  validateSearch: readTracesSearch,
  component: page(() => import('#traces/traces-page.tsx'), 'TracesPage'),
});
const trace = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/traces/$traceId',
  validateSearch: readTraceSearch,
  component: page(() => import('#traces/trace-page.tsx'), 'TracePage'),
});
const models = createRoute({
  getParentRoute: () => shell,
  path: '/ui/models',
  validateSearch: readModelsSearch,
  component: page(() => import('#models/models-page.tsx'), 'ModelsPage'),
});
const keys = createRoute({
  getParentRoute: () => shell,
  path: '/ui/keys',
  validateSearch: readKeysSearch,
  component: page(() => import('#keys/keys-page.tsx'), 'KeysPage'),
});
const teams = createRoute({
  getParentRoute: () => shell,
  path: '/ui/teams',
  validateSearch: readTeamsSearch,
  component: page(() => import('#teams/teams-page.tsx'), 'TeamsPage'),
});
const sessions = createRoute({
  getParentRoute: () => shell,
  path: '/ui/sessions',
  validateSearch: readSessionsSearch,
  component: page(() => import('#sessions/sessions-page.tsx'), 'SessionsPage'),
});
const session = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/sessions/$sessionId',
  component: page(() => import('#sessions/session-page.tsx'), 'SessionPage'),
});
const people = createRoute({
  getParentRoute: () => shell,
  path: '/ui/people',
  validateSearch: readPeopleSearch,
  component: page(() => import('#people/people-page.tsx'), 'PeoplePage'),
});
const deadLetters = createRoute({
  getParentRoute: () => shell,
  path: '/ui/dead-letters',
  validateSearch: readDeadLettersSearch,
  component: page(() => import('#dead-letters/dead-letters-page.tsx'), 'DeadLettersPage'),
});
const exports = createRoute({
  getParentRoute: () => shell,
  path: '/ui/export',
  validateSearch: readExportSearch,
  component: page(() => import('#exports/export-page.tsx'), 'ExportPage'),
});
const scores = createRoute({
  getParentRoute: () => shell,
  path: '/ui/scores',
  validateSearch: readScoresSearch,
  component: page(() => import('#scores/scores-page.tsx'), 'ScoresPage'),
});
const prompts = createRoute({
  getParentRoute: () => shell,
  path: '/ui/prompts',
  validateSearch: readPromptsSearch,
  component: page(() => import('#prompts/prompts-page.tsx'), 'PromptsPage'),
});
const prompt = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/prompts/$promptName',
  validateSearch: readPromptSearch,
  component: page(() => import('#prompts/prompt-page.tsx'), 'PromptPage'),
});
const datasets = createRoute({
  getParentRoute: () => shell,
  path: '/ui/datasets',
  validateSearch: readDatasetsSearch,
  component: page(() => import('#datasets/datasets-page.tsx'), 'DatasetsPage'),
});
const dataset = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/datasets/$datasetName',
  validateSearch: readDatasetSearch,
  component: page(() => import('#datasets/dataset-page.tsx'), 'DatasetPage'),
});
const comparison = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/datasets/$datasetName/compare',
  validateSearch: readComparisonSearch,
  component: page(() => import('#comparison/comparison-page.tsx'), 'ComparisonPage'),
});
const live = createRoute({
  getParentRoute: () => shell,
  path: '/ui/live',
  validateSearch: readLiveSearch,
  component: page(() => import('#live/live-page.tsx'), 'LivePage'),
});
const annotation = createRoute({
  getParentRoute: () => shell,
  path: '/ui/annotation',
  validateSearch: readQueuesSearch,
  component: page(() => import('#annotation/queues-page.tsx'), 'QueuesPage'),
});
const annotationWork = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/annotation-queues/$queueId',
  validateSearch: readWorkSearch,
  component: page(() => import('#annotation/work-page.tsx'), 'WorkPage'),
});

const dashboards = createRoute({
  getParentRoute: () => shell,
  path: '/ui/dashboards',
  validateSearch: readDashboardsSearch,
  component: page(() => import('#dashboards/dashboards-page.tsx'), 'DashboardsPage'),
});
const dashboard = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/dashboards/$dashboardId',
  validateSearch: readDashboardSearch,
  component: page(() => import('#dashboards/dashboard-page.tsx'), 'DashboardPage'),
});
const alerts = createRoute({
  getParentRoute: () => shell,
  path: '/ui/alerts',
  validateSearch: readAlertsSearch,
  component: page(() => import('#alerts/alerts-page.tsx'), 'AlertsPage'),
});
const evaluation = createRoute({
  getParentRoute: () => shell,
  path: '/ui/evaluation',
  validateSearch: readEvaluationSearch,
  component: page(() => import('#evaluation/evaluation-page.tsx'), 'EvaluationPage'),
});
const health = createRoute({
  getParentRoute: () => shell,
  path: '/ui/health',
  component: page(() => import('#health/health-page.tsx'), 'HealthPage'),
});

const compatibility = createRoute({
  getParentRoute: () => shell,
  path: '/ui/compatibility',
  validateSearch: readCompatibilitySearch,
  component: page(() => import('#compatibility/compatibility-page.tsx'), 'CompatibilityPage'),
});

const playground = createRoute({
  getParentRoute: () => shell,
  path: '/ui/playground',
  validateSearch: readPlaygroundSearch,
  component: page(() => import('#playground/playground-page.tsx'), 'PlaygroundPage'),
});

const projectSettings = createRoute({
  getParentRoute: () => shell,
  path: '/ui/project',
  validateSearch: readSettingsSearch,
  component: page(() => import('#project-settings/settings-page.tsx'), 'SettingsPage'),
});

const start = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/ui/overview', replace: true });
  },
});
const uiStart = createRoute({
  getParentRoute: () => root,
  path: '/ui',
  beforeLoad: () => {
    throw redirect({ to: '/ui/overview', replace: true });
  },
});

// Langfuse's addresses, as SDKs print them and people have them in tickets.
const langfuseProject = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/overview', search: { project: params.projectId }, replace: true });
  },
});
const langfuseTraces = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/traces',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/traces', search: { project: params.projectId }, replace: true });
  },
});
const langfuseSessions = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/sessions',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/sessions', search: { project: params.projectId }, replace: true });
  },
});
const langfusePrompts = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/prompts',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/prompts', search: { project: params.projectId }, replace: true });
  },
});
const langfuseDatasets = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/datasets',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/datasets', search: { project: params.projectId }, replace: true });
  },
});
const langfuseQueues = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/annotation-queues',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/annotation', search: { project: params.projectId }, replace: true });
  },
});
const langfuseDashboards = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/dashboards',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/dashboards', search: { project: params.projectId }, replace: true });
  },
});
const langfuseUser = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/users/$userId',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/traces', search: { project: params.projectId, user: params.userId, range: '90d' }, replace: true });
  },
});

const routeTree = root.addChildren([
  start,
  uiStart,
  login,
  langfuseProject,
  langfuseTraces,
  langfuseSessions,
  langfusePrompts,
  langfuseDatasets,
  langfuseQueues,
  langfuseDashboards,
  langfuseUser,
  shell.addChildren([
    overview,
    requests,
    traces,
    trace,
    models,
    keys,
    teams,
    sessions,
    session,
    people,
    scores,
    deadLetters,
    prompts,
    prompt,
    datasets,
    dataset,
    comparison,
    live,
    annotation,
    annotationWork,
    dashboards,
    dashboard,
    alerts,
    evaluation,
    health,
    exports,
    compatibility,
    projectSettings,
    playground,
  ]),
]);

/** The router with plain query strings (lib/url-state.ts); a page's code is fetched when its link is hovered. */
export function createConsoleRouter() {
  return createRouter({
    routeTree,
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultErrorComponent: PageError,
    trailingSlash: 'never',
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
