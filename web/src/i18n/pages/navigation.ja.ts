// navigation.en.ts の日本語。
import type { navigationEn } from './navigation.en.ts';

export const navigationJa: Record<keyof typeof navigationEn, string> = {
  'nav.group.gateway': 'ゲートウェイ',
  'nav.group.observe': 'オブザーバビリティ',
  'nav.teams': 'チーム',
  'nav.live': 'ライブ',
  'nav.sessions': 'セッション',
  'nav.scores': 'スコア',
  'nav.people': 'ユーザー',
  'nav.prompts': 'プロンプト',
  'nav.datasets': 'データセット',
  'nav.annotation': 'アノテーション',
  'nav.evaluation': '評価',
  'nav.dashboards': 'ダッシュボード',
  'nav.alerts': 'アラート',
  'nav.deadLetters': '保存失敗',
  'nav.health': '稼働状況',
  'nav.compatibility': '互換性',
  'nav.projectSettings': 'プロジェクト設定',
  'nav.playground': 'プレイグラウンド',
  'nav.export': 'エクスポート',
  'nav.group.platform': 'プラットフォーム',
};
