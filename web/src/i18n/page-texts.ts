// The texts of one page in both languages; the compiler wants the same keys in both.

export interface PageTexts<Key extends string> {
  en: Record<Key, string>;
  ja: Record<Key, string>;
}

export function pageTexts<Key extends string>(en: Record<Key, string>, ja: Record<NoInfer<Key>, string>): PageTexts<Key> {
  return { en, ja };
}
