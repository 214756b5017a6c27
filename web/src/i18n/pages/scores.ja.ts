// scores.en.ts の日本語。
import type { scoresEn } from './scores.en.ts';

export const scoresJa: Record<keyof typeof scoresEn, string> = {
  'scores.source': 'ソース',
  'scores.source.API': 'API',
  'scores.source.EVAL': '評価器',
  'scores.source.ANNOTATION': '人',
  'scores.value': '値',
  'scores.valueHint': '数値、またはカテゴリを表す語。',
  'scores.comment': 'コメント',
  'scores.on': '対象',
  'scores.add': 'スコアを追加',
  'scores.noMatch': '一致するスコアはありません',
  'scores.empty': 'この期間のスコアはありません',
  'scores.emptyHint': 'スコアは評価器、アプリケーション（POST /api/public/scores）、または人が付けます。トレースを開いて追加できます。',
  'people.search': 'ユーザーを検索…',
  'people.noMatch': '一致するユーザーはいません',
  'people.empty': 'この期間のユーザーはいません',
  'people.emptyHint':
    'トレースにユーザー ID を付けるか、ゲートウェイへの呼び出しに user を付けると、ユーザーごとのトレース数・トークン・コストがここに並びます。',
};
