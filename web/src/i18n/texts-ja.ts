// Every text in Japanese: what pages share and the first pages in ja.ts, every later page in a file of its own under pages/. Fetched when a reader wants this language.
import { ja as shared } from './ja.ts';
import { attemptsJa } from './pages/attempts.ja.ts';
import { datasetsJa } from './pages/datasets.ja.ts';
import { evaluationJa } from './pages/evaluation.ja.ts';
import { healthJa } from './pages/health.ja.ts';
import { navigationJa } from './pages/navigation.ja.ts';
import { promptsJa } from './pages/prompts.ja.ts';
import { scoresJa } from './pages/scores.ja.ts';
import { sessionsJa } from './pages/sessions.ja.ts';
import { teamsJa } from './pages/teams.ja.ts';
import type { en } from './texts-en.ts';

export const ja: Record<keyof typeof en, string> = {
  ...shared,
  ...attemptsJa,
  ...navigationJa,
  ...sessionsJa,
  ...scoresJa,
  ...promptsJa,
  ...datasetsJa,
  ...evaluationJa,
  ...teamsJa,
  ...healthJa,
};
