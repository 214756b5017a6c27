// Language of the console: the reader's choice, else the browser's, else English; a dictionary is fetched when its language is wanted, in two parts: what the first page says, and the rest with the first page that says it.
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { pagesEn } from './page-texts-en.ts';
import type { en } from './texts-en.ts';

export type TextKey = keyof typeof en | keyof typeof pagesEn;
export type Language = 'en' | 'ja';
export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

const STORAGE_KEY = 'genai.language';

/** The first of the browser's languages that the console speaks. */
export function pickLanguage(stored: string | null, browser: readonly string[]): Language {
  for (const candidate of [stored ?? '', ...browser]) {
    const primary = candidate.toLowerCase().split('-')[0];
    if (primary === 'ja' || primary === 'en') return primary;
  }
  return 'en';
}

type Dictionary = Partial<Record<TextKey, string>>;

const FIRST: Readonly<Record<Language, () => Promise<Dictionary>>> = {
  en: async () => (await import('./texts-en.ts')).en,
  ja: async () => (await import('./texts-ja.ts')).ja,
};
const REST: Readonly<Record<Language, () => Promise<Dictionary>>> = {
  en: async () => (await import('./page-texts-en.ts')).pagesEn,
  ja: async () => (await import('./page-texts-ja.ts')).pagesJa,
};

/** Starts i18next with the reader's language; called once before the first render. */
export async function startTexts(): Promise<void> {
  const language = pickLanguage(localStorage.getItem(STORAGE_KEY), navigator.languages);
  document.documentElement.lang = language;
  await i18next.use(initReactI18next).init({
    resources: { [language]: { translation: await FIRST[language]() } },
    lng: language,
    fallbackLng: false,
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    // React escapes already.
    interpolation: { escapeValue: false },
  });
}

/** The texts of the pages behind the first one, in the reader's language: a page is drawn when they are there. */
export async function loadPageTexts(): Promise<void> {
  const language: Language = i18next.language === 'ja' ? 'ja' : 'en';
  i18next.addResourceBundle(language, 'translation', await REST[language]());
}

/** Switches for this browser from now on, as soon as the language's dictionary has come. */
export async function setLanguage(language: Language): Promise<void> {
  const [first, rest] = await Promise.all([FIRST[language](), REST[language]()]);
  i18next.addResourceBundle(language, 'translation', { ...first, ...rest });
  localStorage.setItem(STORAGE_KEY, language);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

/** The texts in the reader's language, with the language itself for number and date formats. */
export function useText(): { t: Translate; language: Language } {
  const { t, i18n } = useTranslation();
  return { t: t as unknown as Translate, language: i18n.language === 'ja' ? 'ja' : 'en' };
}
