// The texts of the other pages in English, each in a file of its own under pages/. Fetched with the first of these pages.

import { alertsEn } from './pages/alerts.en.ts';
import { annotationEn } from './pages/annotation.en.ts';
import { attemptsEn } from './pages/attempts.en.ts';
import { comparisonEn } from './pages/comparison.en.ts';
import { dashboardsEn } from './pages/dashboards.en.ts';
import { datasetsEn } from './pages/datasets.en.ts';
import { deadLettersEn } from './pages/dead-letters.en.ts';
import { evaluationEn } from './pages/evaluation.en.ts';
import { experimentsEn } from './pages/experiments.en.ts';
import { exportEn } from './pages/export.en.ts';
import { healthEn } from './pages/health.en.ts';
import { liveEn } from './pages/live.en.ts';
import { mediaEn } from './pages/media.en.ts';
import { metricsEn } from './pages/metrics.en.ts';
import { playgroundEn } from './pages/playground.en.ts';
import { projectSettingsEn } from './pages/project-settings.en.ts';
import { promptsEn } from './pages/prompts.en.ts';
import { scoresEn } from './pages/scores.en.ts';
import { sessionsEn } from './pages/sessions.en.ts';
import { teamsEn } from './pages/teams.en.ts';
import { traceLinksEn } from './pages/trace-links.en.ts';
import { traceLogsEn } from './pages/trace-logs.en.ts';
import { viewsEn } from './pages/views.en.ts';

export const pagesEn = {
  ...attemptsEn,
  ...mediaEn,
  ...traceLinksEn,
  ...traceLogsEn,
  ...sessionsEn,
  ...scoresEn,
  ...promptsEn,
  ...datasetsEn,
  ...comparisonEn,
  ...annotationEn,
  ...liveEn,
  ...viewsEn,
  ...evaluationEn,
  ...teamsEn,
  ...healthEn,
  ...exportEn,
  ...deadLettersEn,
  ...dashboardsEn,
  ...metricsEn,
  ...alertsEn,
  ...projectSettingsEn,
  ...playgroundEn,
  ...experimentsEn,
};
