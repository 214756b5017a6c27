// live.en.ts の日本語。
import type { liveEn } from './live.en.ts';

export const liveJa: Record<keyof typeof liveEn, string> = {
  'live.search': '入力・出力の語句…',
  'live.filter': '絞り込み',
  'live.pause': '一時停止',
  'live.resume': '再開',
  'live.clear': '一覧を消す',
  'live.state.connecting': '接続中',
  'live.state.live': 'ライブ',
  'live.state.broken': '未接続',
  'live.held': '一時停止中、{{count}} 件が待機',
  'live.rate': 'プロジェクト全体で毎秒 {{rate}} 件',
  'live.shown': '{{count}} 件を表示',
  'live.left': '古い {{count}} 件は一覧から外れました',
  'live.dropped': '{{count}} 件を取りこぼしました（このページの処理量を超過）',
  'live.gap': '欠落の可能性: この間の観測が表示されていないかもしれません',
  'live.content': '内容',
  'live.empty': '観測を待っています',
  'live.emptyHint': '保存されるとすぐここに現れます。すでに保存されたものは「トレース」にあります。',
};
