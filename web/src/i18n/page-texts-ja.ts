// The texts of the other pages in Japanese, each in a file of its own under pages/. Fetched with the first of these pages.

import type { pagesEn } from './page-texts-en.ts';
import { alertsJa } from './pages/alerts.ja.ts';
import { annotationJa } from './pages/annotation.ja.ts';
import { attemptsJa } from './pages/attempts.ja.ts';
import { comparisonJa } from './pages/comparison.ja.ts';
import { dashboardsJa } from './pages/dashboards.ja.ts';
import { datasetsJa } from './pages/datasets.ja.ts';
import { deadLettersJa } from './pages/dead-letters.ja.ts';
import { evaluationJa } from './pages/evaluation.ja.ts';
import { experimentsJa } from './pages/experiments.ja.ts';
import { exportJa } from './pages/export.ja.ts';
import { healthJa } from './pages/health.ja.ts';
import { liveJa } from './pages/live.ja.ts';
import { mediaJa } from './pages/media.ja.ts';
import { metricsJa } from './pages/metrics.ja.ts';
import { playgroundJa } from './pages/playground.ja.ts';
import { projectSettingsJa } from './pages/project-settings.ja.ts';
import { promptsJa } from './pages/prompts.ja.ts';
import { scoresJa } from './pages/scores.ja.ts';
import { sessionsJa } from './pages/sessions.ja.ts';
import { teamsJa } from './pages/teams.ja.ts';
import { traceLinksJa } from './pages/trace-links.ja.ts';
import { traceLogsJa } from './pages/trace-logs.ja.ts';
import { viewsJa } from './pages/views.ja.ts';

export const pagesJa: Record<keyof typeof pagesEn, string> = {
  ...attemptsJa,
  ...mediaJa,
  ...traceLinksJa,
  ...traceLogsJa,
  ...sessionsJa,
  ...scoresJa,
  ...promptsJa,
  ...datasetsJa,
  ...comparisonJa,
  ...annotationJa,
  ...liveJa,
  ...viewsJa,
  ...evaluationJa,
  ...teamsJa,
  ...healthJa,
  ...exportJa,
  ...deadLettersJa,
  ...dashboardsJa,
  ...metricsJa,
  ...alertsJa,
  ...projectSettingsJa,
  ...playgroundJa,
  ...experimentsJa,
};
