// Every text in English: what pages share and the first pages in en.ts, every later page in a file of its own under pages/. Fetched when a reader wants this language.
import { en as shared } from './en.ts';
import { attemptsEn } from './pages/attempts.en.ts';
import { datasetsEn } from './pages/datasets.en.ts';
import { evaluationEn } from './pages/evaluation.en.ts';
import { healthEn } from './pages/health.en.ts';
import { navigationEn } from './pages/navigation.en.ts';
import { promptsEn } from './pages/prompts.en.ts';
import { scoresEn } from './pages/scores.en.ts';
import { sessionsEn } from './pages/sessions.en.ts';
import { teamsEn } from './pages/teams.en.ts';

export const en = {
  ...shared,
  ...attemptsEn,
  ...navigationEn,
  ...sessionsEn,
  ...scoresEn,
  ...promptsEn,
  ...datasetsEn,
  ...evaluationEn,
  ...teamsEn,
  ...healthEn,
};
