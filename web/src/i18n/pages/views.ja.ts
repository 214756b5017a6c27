// views.en.ts の日本語。
import type { viewsEn } from './views.en.ts';

export const viewsJa: Record<keyof typeof viewsEn, string> = {
  'views.title': 'ビュー',
  'views.columns': '列',
  'views.none': 'この一覧のビューはまだ保存されていません。',
  'views.save': 'このビューを保存…',
  'views.hint': '絞り込み・検索・期間・列を、プロジェクト全員のために保存します。同じ名前は上書きされます。',
  'views.remove': 'ビュー {{name}} を削除',
  'compatibility.since': '応答したプロセスのメモリ上の集計。開始:',
  'compatibility.bound': '最近のクライアント {{count}} 件を記憶します。',
  'compatibility.client': 'クライアント',
  'compatibility.requests': 'リクエスト',
  'compatibility.refused': '拒否',
  'compatibility.lastReason': '直近の理由',
  'compatibility.lastSeen': '最終確認',
  'compatibility.firstSeen': '初回確認',
  'compatibility.reasons': '拒否した内容と理由',
  'compatibility.nothingRefused': '拒否したものはありません。',
  'compatibility.routes': 'ルート',
  'compatibility.empty': 'まだクライアントからの呼び出しがありません',
  'compatibility.emptyHint':
    'このプロジェクトのキーを使う SDK やエクスポーターが、バージョンとともにここに現れます。モデルの呼び出しはリクエストログにあります。',
};
