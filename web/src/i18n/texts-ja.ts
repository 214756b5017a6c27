// The texts of the first pages in Japanese, with what pages share. Fetched at the start.
import { ja as shared } from './ja.ts';
import { navigationJa } from './pages/navigation.ja.ts';
import type { en } from './texts-en.ts';

export const ja: Record<keyof typeof en, string> = { ...shared, ...navigationJa };
