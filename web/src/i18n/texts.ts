// Every text of the console: what pages share and the first pages in en.ts and ja.ts, every later page in a file of its own under pages/.
import { en as sharedEn } from './en.ts';
import { ja as sharedJa } from './ja.ts';
import { navigationTexts } from './pages/navigation.ts';

export const en = { ...sharedEn, ...navigationTexts.en };
export const ja: Record<keyof typeof en, string> = { ...sharedJa, ...navigationTexts.ja };
