// The texts of the first pages in English, with what pages share. Fetched at the start.
import { en as shared } from './en.ts';
import { navigationEn } from './pages/navigation.en.ts';

export const en = { ...shared, ...navigationEn };
