// Language of the console: the reader's choice, else the browser's, else English; both dictionaries are in the bundle, so switching never waits.
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import { en, ja } from './texts.ts';

export type TextKey = keyof typeof en;
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

/** Starts i18next; called once before the first render. */
export function startTexts(): void {
  const language = pickLanguage(localStorage.getItem(STORAGE_KEY), navigator.languages);
  document.documentElement.lang = language;
  void i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, ja: { translation: ja } },
    lng: language,
    fallbackLng: 'en',
    keySeparator: false,
    nsSeparator: false,
    initAsync: false,
    // React escapes already.
    interpolation: { escapeValue: false },
  });
}

/** Switches for this browser from now on. */
export function setLanguage(language: Language): void {
  localStorage.setItem(STORAGE_KEY, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

/** The texts in the reader's language, with the language itself for number and date formats. */
export function useText(): { t: Translate; language: Language } {
  const { t, i18n } = useTranslation();
  return { t: t as unknown as Translate, language: i18n.language === 'ja' ? 'ja' : 'en' };
}
