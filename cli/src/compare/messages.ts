// Sentences of `compare`, English and Japanese.
import { error, info, type MessageForm, warning } from '#message-form.ts';

export const COMPARE_MESSAGES = {
  'help.compare': info(
    'Sends the same calls to two gateways and lists in what their answers differ, under a cost cap.',
    '同じ呼び出しを 2 つのゲートウェイに送り、応答の違いを一覧します（費用の上限付き）。',
  ),
  'compare.usage': error(
    'Usage: ./genai compare --a URL --b URL [--key KEY | --key-a KEY --key-b KEY] --requests FILE | --from-log N [--max-cost DOLLARS]',
    '使い方: ./genai compare --a URL --b URL [--key KEY | --key-a KEY --key-b KEY] --requests FILE | --from-log N [--max-cost DOLLARS]',
  ),
  'compare.unreadable': error('The calls cannot be read from {file}: {reason}', '{file} から呼び出しを読み取れません: {reason}'),
  'compare.no-calls': error(
    'There is nothing to compare: no call whose content was kept.',
    '比較する呼び出しがありません（内容が保存された呼び出しがありません）。',
  ),
  'compare.without': warning(
    '{count} calls of the log are left out: their content was not kept.',
    'ログのうち {count} 件は内容が保存されていないため、対象外です。',
  ),
  'compare.no-keys': error(
    'The log is read with the keys of a project: --public-key and --secret-key (local ones are found by themselves).',
    'ログの読み出しにはプロジェクトのキーが必要です: --public-key と --secret-key（同じマシンのものは自動で使います）。',
  ),
  'compare.unreachable': error('{reason}', '{reason}'),
  'compare.progress': info('{done} of {total} calls', '{done} / {total} 件'),
  'compare.aspect': info('difference', '違い'),
  'compare.what': info('what', '対象'),
  'compare.calls': info('calls', '件数'),
  'compare.examples': info('for example', '例'),
  'compare.aspect-status': info('status', 'ステータス'),
  'compare.aspect-header': info('header', 'ヘッダー'),
  'compare.aspect-shape': info('body', '本文の形'),
  'compare.aspect-usage': info('usage', 'トークン数'),
  'compare.aspect-cost': info('cost', '費用'),
  'compare.summary': info(
    '{calls} calls: {same} answered alike, {different} not. Cost of both sides: {spent} USD',
    '{calls} 件を比較: 同じ {same} 件、違い {different} 件。両者の費用の合計: {spent} USD',
  ),
  'compare.stopped-cost': warning(
    'Stopped by --max-cost: {unsent} calls were not sent.',
    '--max-cost に達したため停止しました。{unsent} 件は送信していません。',
  ),
  'compare.stopped-unknown-cost': warning(
    'Stopped: neither side tells what a call costs, so the cap cannot hold. {unsent} calls were not sent; --unknown-cost DOLLARS says what such a call counts for.',
    '停止しました。どちらも費用を示さないため、上限を守れません。{unsent} 件は送信していません。--unknown-cost DOLLARS で 1 件あたりの見込み額を指定できます。',
  ),
} as const satisfies Record<string, MessageForm>;
