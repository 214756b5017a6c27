// Every sentence of the command line: its code, its level, English and Japanese. Values in braces are filled in.

import { AWS_MESSAGES } from '#aws/messages.ts';
import { COMPARE_MESSAGES } from '#compare/messages.ts';
import { GATE_MESSAGES } from '#gate/messages.ts';
import { GROWTH_MESSAGES } from '#growth/messages.ts';
import { LANGFUSE_COPY_MESSAGES } from '#langfuse-copy/messages.ts';
import { error, info, type Language, type MessageForm, type MessageValues, warning } from '#message-form.ts';
import { PRICE_MESSAGES } from '#prices/messages.ts';
import { TAKEOVER_MESSAGES } from '#takeover/messages.ts';

export const MESSAGES = {
  // main
  'main.unknown-verb': error('"{verb}" is not a command.', '「{verb}」というコマンドはありません。'),
  'main.failed': error('{reason}', '{reason}'),
  'main.bad-flags': error('{reason}. See ./genai help {verb}', '{reason}。使い方: ./genai help {verb}'),
  'help.title': info('GenAI Platform {version}. Usage: ./genai <command> [flags]', 'GenAI Platform {version}　使い方: ./genai <コマンド> [オプション]'),
  'help.commands': info('Commands', 'コマンド'),
  'help.flags': info('Flags', 'オプション'),
  'help.everywhere': info(
    'Every command takes --json (one JSON document on stdout) and --lang en|ja.',
    'すべてのコマンドで --json（標準出力に JSON を 1 つ出力）と --lang en|ja が使えます。',
  ),
  'help.start': info('Starts the platform in this terminal; Ctrl-C ends it cleanly.', 'この端末でプラットフォームを起動します。Ctrl-C で安全に終了します。'),
  'help.verify': info(
    'Checks a running platform from end to end, ours or a LiteLLM + Langfuse.',
    '稼働中のプラットフォーム（本製品、または LiteLLM + Langfuse）を端から端まで確認します。',
  ),
  'help.demo': info('Sends realistic traffic, so that every page has something to show.', '実際の利用に近いデータを送り、各画面に表示できる内容を作ります。'),
  'help.doctor': info('Looks for what would keep the platform from working on this machine.', 'このマシンで動作を妨げるものがないか調べます。'),
  'help.keys': info('show: prints the first credentials. seal: keeps only their hashes.', 'show: 初期の認証情報を表示します。seal: ハッシュだけを残します。'),
  'help.help': info('Explains a command.', 'コマンドの説明を表示します。'),
  'help.version': info('Prints the version.', 'バージョンを表示します。'),
  // start
  'start.note': warning('warning: {text}', '警告: {text}'),
  'start.fault': error('fault: {text}', '設定エラー: {text}'),
  'start.refused': error('The platform was not started: {reason}', '起動しませんでした: {reason}'),
  'start.faults': error('{count} fault(s); nothing was started.', '{count} 件の設定エラーがあるため、起動しませんでした。'),
  'start.ready': info(
    'Ready in {seconds} s. Gateway {gateway} · Observability {observe} · Console {console}',
    '{seconds} 秒で起動しました。ゲートウェイ {gateway} ・ 観測 {observe} ・ 管理画面 {console}',
  ),
  'start.wide': warning(
    'warning: listening beyond this machine, without TLS: keys and contents can be read on the way. Put a load balancer with TLS in front.',
    '警告: このマシンの外からも TLS なしで接続できます。キーや内容が通信経路で読み取られるおそれがあります。前段に TLS 対応のロードバランサーを置いてください。',
  ),
  'start.stopping': info(
    'Finishing the calls in flight ... (Ctrl-C again ends at once)',
    '処理中のリクエストを完了しています...（もう一度 Ctrl-C で即時終了）',
  ),
  'start.stopped': info('Stopped.', '終了しました。'),
  'start.broken': warning(
    'A fault inside: finishing the calls in flight, then this process ends with code 1. The log has the details.',
    '内部エラーが発生しました。処理中のリクエストを完了してから終了コード 1 で終了します。詳細はログにあります。',
  ),
  'start.forced': warning(
    'Ended at once; accepted events are in the journal and are stored at the next start.',
    '即時終了しました。受け付け済みのイベントはジャーナルにあり、次回の起動時に保存されます。',
  ),
  'start.keys-are-in': info('First credentials: {path} (./genai keys show)', '初期の認証情報: {path}（./genai keys show で表示）'),
  'start.keys-unseen': warning(
    'warning: credentials that nobody set were made and are kept only as hashes, because there is neither a terminal nor a local key file. Set LITELLM_MASTER_KEY and LANGFUSE_INIT_* to choose them.',
    '警告: 未設定の認証情報を生成しましたが、端末もローカルのキーファイルもないため、ハッシュだけを保存しました。LITELLM_MASTER_KEY と LANGFUSE_INIT_* で指定してください。',
  ),
  'start.config-written': info('A commented configuration was written: {path}', 'コメント付きの設定ファイルを作成しました: {path}'),
  'first.title': info(
    'First start: these credentials are shown once (again with ./genai keys show)',
    '初回起動: 以下の認証情報は一度だけ表示されます（./genai keys show で再表示）',
  ),
  'first.gateway': info('Gateway (OpenAI, Azure OpenAI and LiteLLM clients)', 'ゲートウェイ（OpenAI・Azure OpenAI・LiteLLM クライアント用）'),
  'first.observe': info('Observability (Langfuse SDKs, OpenTelemetry)', '観測（Langfuse SDK・OpenTelemetry 用）'),
  'first.console': info('Console', '管理画面'),
  'first.login': info('Login (to be changed at the first login)', 'ログイン（初回ログイン時に変更）'),
  'first.virtual-key': info('Virtual key', '仮想キー'),
  'first.master-key': info('Master key', 'マスターキー'),
  'first.project-keys': info('Project keys', 'プロジェクトキー'),
  'first.try': info('Try it (answers offline):', '試してみる（ネットワーク不要）:'),
  'first.next': info('Next', '次の手順'),
  'first.next-azure': info(
    'Azure OpenAI: set AZURE_API_BASE, AZURE_API_KEY and AZURE_API_VERSION (or write them into {env}) and start again',
    'Azure OpenAI: AZURE_API_BASE、AZURE_API_KEY、AZURE_API_VERSION を設定（または {env} に記入）して再起動',
  ),
  'first.next-doctor': info(
    './genai doctor checks the set-up, ./genai demo fills the pages',
    './genai doctor で環境を確認、./genai demo でサンプルデータを投入',
  ),
  'first.next-console': info('Open the console: {console}', '管理画面を開く: {console}'),
  // keys
  'keys.usage': error('Say which: ./genai keys show, or ./genai keys seal', '「./genai keys show」または「./genai keys seal」を指定してください。'),
  'keys.absent': error(
    '{path} does not exist: the platform has not been started yet, or the keys were sealed, or it uses external stores.',
    '{path} がありません。まだ起動していないか、封印済みか、外部ストアを使用しています。',
  ),
  'keys.unreadable': error('{path} may be read only by the user who runs the platform.', '{path} はプラットフォームを実行するユーザーだけが読み取れます。'),
  'keys.damaged': error('{path} is not readable JSON.', '{path} の内容が壊れています。'),
  'keys.too-open': warning(
    'warning: {path} can be read by other users of this machine: chmod 600 {path}',
    '警告: {path} は他のユーザーからも読み取れます: chmod 600 {path}',
  ),
  'keys.not-running': error(
    'The platform is not running on {dataDir}. Start it (./genai start), then run ./genai keys seal in another terminal.',
    '{dataDir} のプラットフォームは稼働していません。./genai start で起動し、別の端末で ./genai keys seal を実行してください。',
  ),
  'keys.confirm-seal': warning(
    'After sealing, the credentials in {path} can never be shown again. Have you stored them?',
    '封印すると {path} の認証情報は二度と表示できません。控えは取りましたか？',
  ),
  'keys.not-sealed': info('Nothing was changed. Without a terminal, say --yes.', '変更していません。端末以外で実行する場合は --yes を付けてください。'),
  'keys.sealed': info('Sealed: only hashes remain.', '封印しました。ハッシュのみが残っています。'),
  'keys.refused': error('The running process refused: {reason}', '稼働中のプロセスが拒否しました: {reason}'),
  // doctor
  'doctor.good': info('No problems found.', '問題は見つかりませんでした。'),
  'doctor.problems': info('{count} problem(s) found.', '{count} 件の問題が見つかりました。'),
  'doctor.litellm-database': info(
    'schema {schema}, {tables} tables; would be taken over: {taken}',
    'スキーマ {schema}、テーブル {tables} 個。引き継げるもの: {taken}',
  ),
  'doctor.litellm-left': info('{table} ({rows} rows) is not taken over', '{table}（{rows} 行）は引き継がれません'),
  'doctor.litellm-not-running': info(
    'the database is looked at by the running platform: ./genai start, then this again',
    'データベースの確認は動作中のプラットフォームが行います。./genai start の後に再実行してください',
  ),
  'doctor.header-check': info('Check', '確認項目'),
  'doctor.header-state': info('State', '状態'),
  'doctor.header-detail': info('Detail', '詳細'),
  // verify
  'verify.header-time': info('Time', '時間'),
  'verify.summary': info('{passed} passed, {failed} failed, {unchecked} not checked.', '成功 {passed} 件、失敗 {failed} 件、未確認 {unchecked} 件。'),
  'verify.done': info('done', '完了'),
  'verify.openapi': info('OpenAPI page is served', 'OpenAPI の画面が表示される'),
  'verify.console': info('Console loads', '管理画面が表示される'),
  'verify.login': info('Login works', 'ログインできる'),
  'verify.models': info('Models are listed', 'モデルの一覧が取得できる'),
  'verify.call': info('Call with a fresh virtual key', '新しい仮想キーで呼び出せる'),
  'verify.refusal': info('Key of one model is refused another', '許可されていないモデルは拒否される'),
  'verify.log': info('The call is in the request log', '呼び出しがリクエストログにある'),
  'verify.trace': info('Its trace is in the public API', 'トレースが公開 API で取得できる'),
  'verify.blobs': info('Blob store holds objects of it', 'オブジェクトストアにデータがある'),
  'verify.rows': info('Analytics store holds rows of it', '分析ストアにデータがある'),
  'verify.second': info("A second project's keys, registered at run time", '2 つ目のプロジェクトのキーを実行時に登録できる'),
  'verify.state-passed': info('passed', '成功'),
  'verify.state-failed': error('FAILED', '失敗'),
  'verify.state-not-checked': warning('not checked', '未確認'),
  'verify.key-left': warning(
    'warning: {alias} could not be removed (a temporary key expires by itself in 10 minutes).',
    '警告: {alias} を削除できませんでした（一時キーは 10 分後に自動的に失効します）。',
  ),
  // demo
  'demo.needs-key': error(
    'A key that may create keys is needed: --key <master key> (found in keys.json or LITELLM_MASTER_KEY otherwise).',
    'キーを作成できるキーが必要です: --key <マスターキー>（指定がなければ keys.json または LITELLM_MASTER_KEY を使用）',
  ),
  'demo.no-models': error('The gateway offers no model to this key.', 'このキーで使えるモデルがありません。'),
  'demo.no-project-keys': warning(
    'Without --public-key and --secret-key nothing is sent to the observability door.',
    '--public-key と --secret-key がないため、観測側には何も送信しません。',
  ),
  'demo.step': info('{scene}', '{scene}'),
  'demo.done': info(
    '{calls} calls ({failures} failed on purpose or by the gateway), {traces} agent traces, {scores} scores in {seconds} s.',
    '{seconds} 秒で、呼び出し {calls} 件（うち失敗 {failures} 件）、エージェントのトレース {traces} 件、スコア {scores} 件を送信しました。',
  ),
  'demo.problem': warning('{count} × {what}', '{count} × {what}'),
  'demo.look-requests': info('Request log, cost by key and model: {console}', 'リクエストログ、キー・モデル別の料金: {console}'),
  'demo.look-traces': info(
    'Sessions of several turns, the agent with its nested tools, scores: {observe}',
    '複数ターンのセッション、ツールを呼び出すエージェント、スコア: {observe}',
  ),
  'demo.look-filter': info('Try the search with a user ({user}) or a tag ({tag}).', 'ユーザー（{user}）やタグ（{tag}）で検索してみてください。'),
  ...AWS_MESSAGES,
  ...COMPARE_MESSAGES,
  ...LANGFUSE_COPY_MESSAGES,
  ...PRICE_MESSAGES,
  ...TAKEOVER_MESSAGES,
  ...GATE_MESSAGES,
  ...GROWTH_MESSAGES,
} as const satisfies Record<string, MessageForm>;

export type MessageCode = keyof typeof MESSAGES;

/** The message in a language with its values filled in; an unknown {name} stays as it is. */
export function fillMessage(code: MessageCode, language: Language, values: MessageValues = {}): string {
  return MESSAGES[code][language].replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

/** --lang wins; else LC_ALL, LC_MESSAGES, LANG in the order of POSIX. */
export function chooseLanguage(flag: string | null, env: Readonly<Record<string, string | undefined>>): Language {
  const wanted = flag ?? (env.LC_ALL || env.LC_MESSAGES || env.LANG || '');
  return /^ja/i.test(wanted) ? 'ja' : 'en';
}
