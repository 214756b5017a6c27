// The route table of the console: /ui/* for pages, Langfuse's /project/{id}/… for links that people already have.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { readKeysSearch } from '#keys/url.ts';
import { parseSearch, pickTexts, stringifySearch } from '#lib/url-state.ts';
import { readModelsSearch } from '#models/url.ts';
import { readOverviewSearch } from '#overview/url.ts';
import { readRequestsSearch } from '#requests/url.ts';
import { NotFound } from '#shell/not-found.tsx';
import { Shell } from '#shell/shell.tsx';
import { readTraceSearch, readTracesSearch } from '#traces/url.ts';
import { PageError } from '#ui/page-error.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

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
  component: lazyRouteComponent(() => import('#requests/requests-page.tsx'), 'RequestsPage'),
});
const traces = createRoute({
  getParentRoute: () => shell,
  path: '/ui/traces',
  validateSearch: readTracesSearch,
  component: lazyRouteComponent(() => import('#traces/traces-page.tsx'), 'TracesPage'),
});
const trace = createRoute({
  getParentRoute: () => shell,
  path: '/project/$projectId/traces/$traceId',
  validateSearch: readTraceSearch,
  component: lazyRouteComponent(() => import('#traces/trace-page.tsx'), 'TracePage'),
});
const models = createRoute({
  getParentRoute: () => shell,
  path: '/ui/models',
  validateSearch: readModelsSearch,
  component: lazyRouteComponent(() => import('#models/models-page.tsx'), 'ModelsPage'),
});
const keys = createRoute({
  getParentRoute: () => shell,
  path: '/ui/keys',
  validateSearch: readKeysSearch,
  component: lazyRouteComponent(() => import('#keys/keys-page.tsx'), 'KeysPage'),
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
const langfuseSession = createRoute({
  getParentRoute: () => root,
  path: '/project/$projectId/sessions/$sessionId',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/ui/traces', search: { project: params.projectId, session: params.sessionId, range: '90d' }, replace: true });
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
  langfuseSession,
  langfuseUser,
  shell.addChildren([overview, requests, traces, trace, models, keys]),
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
