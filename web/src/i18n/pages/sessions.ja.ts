// sessions.en.ts の日本語。
import type { sessionsEn } from './sessions.en.ts';

export const sessionsJa: Record<keyof typeof sessionsEn, string> = {
  'sessions.search': 'セッションまたはユーザーを検索…',
  'sessions.lastActive': '最終アクティビティ',
  'sessions.duration': '期間',
  'sessions.traceCount': 'トレース {{count}} 件',
  'sessions.noMatch': '一致するセッションはありません',
  'sessions.empty': 'この期間のセッションはありません',
  'sessions.emptyHint':
    'セッションは一つの会話のトレースをまとめます。トレースにセッション ID を付けるか、ゲートウェイへの呼び出しに metadata の session_id を付けてください。',
};
