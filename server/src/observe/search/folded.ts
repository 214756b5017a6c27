// The text that full-text search looks into: input and output as people read them, in one width, one case and one kana. Made by the store itself, at insert and of the question alike.
import { constantSql, join, type SqlFragment, sql, text } from '#stores/analytics/sql.ts';

/** Katakana and the hiragana of the same sound, in the same order: ァ to ヶ. */
const KANA = Array.from({ length: 0x30f6 - 0x30a1 + 1 }, (_, index) => 0x30a1 + index);
const KATAKANA = String.fromCodePoint(...KANA);
const HIRAGANA = String.fromCodePoint(...KANA.map((code) => code - 0x60));

/** NFKC makes half width full and full-width letters plain, then case and kana fall together. */
const folded = (expression: string): string => `translateUTF8(lowerUTF8(normalizeUTF8NFKC(${expression})), '${KATAKANA}', '${HIRAGANA}')`;

/** JSON text with its escapes resolved: a client that writes 日 as \\u65e5 means the same. */
const read = (column: string): string => `JSONExtractRaw(ifNull(${column}, ''))`;

/** The column that is searched: derived from the row, never inserted. */
export const SEARCH_COLUMN = `String MATERIALIZED ${folded(`concat(${read('input')}, '\\n', ${read('output')})`)} CODEC(ZSTD(3))`;
export const SEARCH_INDEX_NAME = 'search_text_grams';
/** Two letters a gram: most Japanese and Chinese words have two. */
export const SEARCH_INDEX = `${SEARCH_INDEX_NAME} search_text TYPE ngrambf_v1(2, 131072, 2, 0) GRANULARITY 1`;

export type SearchField = 'any' | 'input' | 'output';
const FIELD: Readonly<Record<Exclude<SearchField, 'any'>, SqlFragment>> = {
  input: constantSql(folded(read('input'))),
  output: constantSql(folded(read('output'))),
};

const MAX_WORDS = 10;

/** Words of a question; all have to be there. */
function wordsOf(question: string): string[] {
  return question.normalize('NFKC').split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
}

/** Whether a row holds every word; true without words. */
export function holdsWords(question: string, field: SearchField = 'any'): SqlFragment {
  const words = wordsOf(question).map(patternOf);
  if (words.length === 0) return sql`1`;
  // The index knows both fields together; the one that is asked for is then looked at where both hold the words.
  const anywhere = words.map((pattern) => sql`search_text LIKE ${pattern}`);
  const within = field === 'any' ? [] : words.map((pattern) => sql`${FIELD[field]} LIKE ${pattern}`);
  return join([...anywhere, ...within], ' AND ');
}

/** Whether a text of a row holds every word, without an index. */
export function textHolds(expression: SqlFragment, question: string): SqlFragment {
  const words = wordsOf(question);
  if (words.length === 0) return sql`1`;
  return join(
    words.map((word) => sql`${FOLD_BEFORE}${expression}${FOLD_AFTER} LIKE ${patternOf(word)}`),
    ' AND ',
  );
}

const ESCAPE = constantSql(String.raw`'([%_\\\\])', '\\\\\\1'`);
const FOLD_BEFORE = constantSql('translateUTF8(lowerUTF8(normalizeUTF8NFKC(');
const FOLD_AFTER = constantSql(`)), '${KATAKANA}', '${HIRAGANA}')`);

function patternOf(word: string): SqlFragment {
  return sql`concat('%', replaceRegexpAll(${FOLD_BEFORE}${text(word)}${FOLD_AFTER}, ${ESCAPE}), '%')`;
}
