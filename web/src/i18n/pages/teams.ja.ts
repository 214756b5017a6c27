// teams.en.ts の日本語。
import type { teamsEn } from './teams.en.ts';

export const teamsJa: Record<keyof typeof teamsEn, string> = {
  'teams.search': '名前または ID を検索…',
  'teams.create': 'チームを作成',
  'teams.members': 'メンバー',
  'teams.budgetEvery': '予算の更新間隔',
  'teams.once': 'なし',
  'teams.resetAt': '次の予算更新',
  'teams.addMember': 'メールアドレスまたはユーザー ID でメンバーを追加',
  'teams.add': '追加',
  'teams.removeMember': '{{name}} を外す',
  'teams.role': '役割',
  'teams.role.admin': '管理者',
  'teams.role.user': 'メンバー',
  'teams.deleteTitle': 'チームを削除',
  'teams.deleteQuestion': '{{name}} をすべてのキーとともに削除しますか？',
  'teams.deleteHint': 'このチームのキーによる呼び出しはすぐに失敗します。呼び出しとコストはログに残ります。一時的に止めるにはブロックしてください。',
  'teams.noMatch': '一致するチームはありません',
  'teams.noMatchHint': '名前または ID の一部で検索できます。',
  'teams.empty': 'チームはまだありません',
  'teams.emptyHint': 'チームは、キーとメンバーの間でモデル・予算・上限を共有します。',
};
