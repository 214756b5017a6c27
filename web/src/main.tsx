// Entry of the console: texts, theme, server state and routes around one page.
import './mantine.css';
import './global.css';
import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from '#api/client.ts';
import { sessionQuery, shouldRetry } from '#api/queries.ts';
import { startTexts } from '#i18n/i18n.ts';
import { createConsoleRouter } from './app.tsx';
import { theme } from './theme.ts';

await startTexts();

const queries: QueryClient = new QueryClient({
  defaultOptions: { queries: { retry: shouldRetry, staleTime: 5_000 } },
  queryCache: new QueryCache({
    onError: (error, query) => {
      // A session that ended while a page was open: asking for it again leads to the login.
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== 'session') void queries.resetQueries({ queryKey: sessionQuery.queryKey });
    },
  }),
});
const router = createConsoleRouter();
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root element');

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
