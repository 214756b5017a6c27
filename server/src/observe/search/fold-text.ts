// Texts as the search reads them, in this process: one width, one case, one kana, as folded.ts has the store do it.

const KATAKANA = /[\u30a1-\u30f6]/g;

/** NFKC, lower case, katakana to hiragana. */
export function foldText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(KATAKANA, (letter) => String.fromCodePoint((letter.codePointAt(0) as number) - 0x60));
}

const MAX_WORDS = 10;

/** Whether a folded text holds every word of a question; true without words, false for no text. */
export function holdsAllWords(folded: string | null, question: string): boolean {
  const words = question.normalize('NFKC').split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  return words.length === 0 || (folded !== null && words.every((word) => folded.includes(foldText(word))));
}

/** JSON text with its escapes resolved; what is no JSON stays as it is. */
export function readJsonText(json: string | null): string {
  if (json === null) return '';
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
