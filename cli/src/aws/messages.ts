// The sentences of the AWS verbs. Codes of the life cycle have the prefix life, of its failures fail, of its phases phase, of pods' troubles trouble.

import type { Trouble } from '@genai/infra/kubernetes/diagnosis';
import type { FailureCode } from '@genai/infra/life/context';
import type { LifeCode, Phase } from '@genai/infra/life/report';
import { error, info, type MessageForm, warning } from '#message-form.ts';
import { SEED_MESSAGES } from './seed-messages.ts';

const LIFE = {
  'life.preflight.caller': info('AWS account {account}, region {region}, as {arn}', 'AWS アカウント {account}、リージョン {region}、実行者 {arn}'),
  'life.preflight.quota-short': warning('The quota for {what} could not be read ({used} in use).', '{what} の上限を確認できません（使用中 {used}）。'),
  'life.preflight.leftovers': warning(
    '{count} thing(s) of an earlier run are still there; ./genai sweep removes them.',
    '以前の実行で残ったものが {count} 件あります。./genai sweep で削除できます。',
  ),
  'life.stack.unchanged': info('{stack}: nothing to change', '{stack}: 変更なし'),
  'life.stack.changes': info('{stack}: {count} change(s), {replaced} of them replacements', '{stack}: 変更 {count} 件（うち置き換え {replaced} 件）'),
  'life.stack.done': info('{stack}: done', '{stack}: 完了'),
  'life.stack.continues': info('{stack} is {status}: going on from what is there', '{stack} は {status} です。残っているものから続行します'),
  'life.stack.removed-first': warning('{stack} is {status}: removed first, then made anew', '{stack} は {status} のため、削除してから作り直します'),
  'life.stack.deleted': info('{stack}: deleted', '{stack}: 削除しました'),
  'life.stack.delete-failed': warning('{stack} could not be deleted: {reason}', '{stack} を削除できません: {reason}'),
  'life.stack.kept': info('{stack}: kept', '{stack}: 保持します'),
  'life.secrets.completed': info(
    'Keys and passwords are in Secrets Manager ({count} fields).',
    'キーとパスワードを Secrets Manager に保存しました（{count} 項目）。',
  ),
  'life.volume.bound': info('The kept volume is used again: {volume}', '保持していたボリュームを再利用します: {volume}'),
  'life.wave.unchanged': info('Kubernetes, {wave}: nothing to change', 'Kubernetes {wave}: 変更なし'),
  'life.wave.done': info('Kubernetes, {wave}: ready ({count} object(s) changed)', 'Kubernetes {wave}: 準備完了（変更 {count} 件）'),
  'life.wave.trouble': warning('{pod}: {trouble}: {detail}', '{pod}: {trouble}: {detail}'),
  'life.wave.log': warning('Last lines of {pod}:\n{text}', '{pod} のログの末尾:\n{text}'),
  'life.budget.made': info('Budget alarm {name}: {limit} USD a month', '予算アラーム {name}: 月 {limit} USD'),
  'life.budget.failed': warning('The budget alarm {name} could not be made: {reason}', '予算アラーム {name} を作成できません: {reason}'),
  'life.drain.skipped': warning(
    'The cluster was not drained ({reason}); the sweep takes what its nodes leave.',
    'クラスタの退避を省略しました（{reason}）。残ったものは後の掃除で削除します。',
  ),
  'life.drain.incomplete': warning('{count} object(s) did not go in time: {names}', '時間内に消えなかったものが {count} 件あります: {names}'),
  'life.drain.done': info(
    'The cluster is empty: no load balancer, volume or node of it is left.',
    'クラスタは空です（ロードバランサー・ボリューム・ノードなし）。',
  ),
  'life.bucket.emptied': info('{bucket}: {count} object version(s) removed', '{bucket}: オブジェクト {count} 件を削除しました'),
  'life.bucket.refilled': warning(
    '{bucket} had been written to again: {count} more removed',
    '{bucket} に再び書き込みがありました。さらに {count} 件を削除しました',
  ),
  'life.repair.try': info('{stack}: removing what holds it, attempt {attempt}', '{stack}: 削除を妨げるものを取り除きます（{attempt} 回目）'),
  'life.sweep.removed': info('removed: {kind} {id}', '削除: {kind} {id}'),
  'life.sweep.foreign': warning('not ours, left alone: {kind} {id}', '対象外のため残します: {kind} {id}'),
  'life.restore.done': info('Restored: {what}', '復元しました: {what}'),
  'life.restore.skipped': warning('{what} is not empty and was left as it is.', '{what} は空ではないため、復元しませんでした。'),
  'life.save.done': info(
    'Saved (keys, teams, settings, prompts; no traces: --with-traces adds them), encrypted, {bytes} bytes, {day} a day: {what}\nThe key is in {key}: without it nobody can open the backup.',
    '保存しました（キー・チーム・設定・プロンプト。トレースは含みません（--with-traces で追加）。暗号化済み、{bytes} バイト、{day}/日）: {what}\n鍵は {key} にあります。鍵がないと開けません。',
  ),
  'life.save.done-with-traces': info(
    'Saved (keys, teams, settings, prompts, traces), encrypted, {bytes} bytes, {day} a day: {what}\nThe key is in {key}: without it nobody can open the backup.',
    '保存しました（キー・チーム・設定・プロンプト・トレース。暗号化済み、{bytes} バイト、{day}/日）: {what}\n鍵は {key} にあります。鍵がないと開けません。',
  ),
} as const satisfies Record<`life.${LifeCode}`, MessageForm>;

const FAILURES = {
  'fail.identity.refused': error(
    '{what} has the name of this environment, but its tag {tag} says "{found}" and not "{wanted}". Nothing was changed. Use another --name, or the account and region of the environment.',
    '{what} はこの環境と同じ名前ですが、タグ {tag} は「{wanted}」ではなく「{found}」です。何も変更していません。--name を変えるか、正しいアカウントとリージョンを使ってください。',
  ),
  'fail.preflight.zones': error(
    'Not open to this account: {closed}. Set availabilityZones to two of: {open}',
    'このアカウントでは使えないゾーンです: {closed}。availabilityZones に次の中から 2 つを指定してください: {open}',
  ),
  'fail.preflight.quota': error(
    'The quota for {what} is full: {used} of {limit} in use, {needed} more needed. Ask for more in Service Quotas, or free one.',
    '{what} の上限に達しています: {limit} 中 {used} を使用中、あと {needed} 必要です。Service Quotas で引き上げるか、空けてください。',
  ),
  'fail.stack.failed': error(
    '{stack}: {resource} ({type}) failed: {reason}\nWhat was made stays. Remove the cause and run ./genai up again (it goes on), or ./genai down.',
    '{stack}: {resource}（{type}）が失敗しました: {reason}\n作成済みのものは残っています。原因を取り除いて ./genai up を再実行（続きから再開）するか、./genai down を実行してください。',
  ),
  'fail.stack.refused': error('CloudFormation refused the change of {stack}: {reason}', 'CloudFormation が {stack} の変更を拒否しました: {reason}'),
  'fail.stack.slow': error(
    '{stack} is {status} for too long. It goes on at AWS: run the command again to wait on.',
    '{stack} が長時間 {status} のままです。AWS 側では処理が続いています。再実行すると続きを待ちます。',
  ),
  'fail.stack.stuck': error(
    '{stack} is {status} and takes no change: {reason}. ./genai down removes it.',
    '{stack} は {status} で変更を受け付けません: {reason}。./genai down で削除できます。',
  ),
  'fail.wave.failed': error(
    '{object} failed: {reason}. Run ./genai up again after removing the cause.',
    '{object} が失敗しました: {reason}。原因を取り除いて ./genai up を再実行してください。',
  ),
  'fail.wave.slow': error(
    '{object} was not ready after {seconds} s: {reason}. ./genai status and ./genai logs say more; ./genai up goes on.',
    '{object} が {seconds} 秒たっても準備できません: {reason}。./genai status と ./genai logs で詳細を確認できます。./genai up で続行します。',
  ),
  'fail.wave.held': error('{object} cannot be replaced: it does not go away.', '{object} が消えないため、置き換えられません。'),
  'fail.cluster.unreachable': error(
    'The API of {cluster} does not answer. Is the way to it blocked (proxy, allow-list)? ./genai up goes on.',
    '{cluster} の API が応答しません。プロキシや許可リストを確認してください。./genai up で続行します。',
  ),
  'fail.cluster.absent': error('The environment {environment} has no cluster now.', '環境 {environment} には現在クラスタがありません。'),
  'fail.secrets.absent': error('The secret {arn} is not there. Run ./genai up again.', 'シークレット {arn} がありません。./genai up を再実行してください。'),
  'fail.secrets.field': error('The secret {arn} has no field {field}.', 'シークレット {arn} に項目 {field} がありません。'),
  'fail.logs.none': error('No pod of "{part}". There are: {parts}', '「{part}」のポッドはありません。指定できるもの: {parts}'),
} as const satisfies Record<`fail.${FailureCode}`, MessageForm>;

const PHASES = {
  'phase.preflight': info('checking the account', 'アカウントの確認'),
  'phase.network': info('network', 'ネットワーク'),
  'phase.data': info('stores', 'データストア'),
  'phase.cluster': info('cluster', 'クラスタ'),
  'phase.edge': info('load balancer', 'ロードバランサー'),
  'phase.secrets': info('secrets', 'シークレット'),
  'phase.wave': info('Kubernetes', 'Kubernetes'),
  'phase.budget': info('budget alarm', '予算アラーム'),
  'phase.verify': info('checking it', '動作確認'),
  'phase.identity': info('looking what is there', '対象の確認'),
  'phase.save': info('saving', '保存'),
  'phase.drain': info('emptying the cluster', 'クラスタの退避'),
  'phase.buckets': info('emptying buckets', 'バケットを空にする'),
  'phase.stacks': info('deleting stacks', 'スタックの削除'),
  'phase.sweep': info('sweeping', '残りの掃除'),
  'phase.proof': info('proving that nothing is left', '残っていないことの確認'),
  'phase.line': info('{phase} {what}: {elapsed} of about {expected}  {detail}', '{phase} {what}: {elapsed} / 約 {expected}　{detail}'),
} as const satisfies Record<`phase.${Phase | 'line'}`, MessageForm>;

const TROUBLES = {
  'trouble.image': info('the image cannot be pulled', 'イメージを取得できません'),
  'trouble.crash': info('it crashes again and again', '繰り返し異常終了しています'),
  'trouble.memory': info('it needs more memory than it may have', 'メモリ不足で終了しました'),
  'trouble.config': info('its configuration or secret is missing', '設定またはシークレットがありません'),
  'trouble.no-node': info('no node takes it', '配置できるノードがありません'),
  'trouble.volume': info('its volume cannot be mounted', 'ボリュームを接続できません'),
  'trouble.probe': info('it does not answer its health check', 'ヘルスチェックに応答しません'),
  'trouble.pending': info('it waits', '待機中です'),
  'trouble.exited': info('it ended with an error', 'エラーで終了しました'),
} as const satisfies Record<`trouble.${Trouble['code']}`, MessageForm>;

const VERBS = {
  'help.plan': info('AWS: what would be made, and what it costs. Needs no credentials.', 'AWS: 作成されるものと料金を表示します（認証情報不要）。'),
  'help.up': info('AWS: creates or completes the environment. Run again, it goes on.', 'AWS: 環境を作成します。再実行すると続きから再開します。'),
  'help.status': info(
    'AWS: stacks, pods, targets, stores, age, cost so far, expiry, leftovers.',
    'AWS: スタック・ポッド・料金・期限・残りものなどを表示します。',
  ),
  'help.logs': info("AWS: the newest log lines of the platform's pods.", 'AWS: ポッドの最新ログを表示します。'),
  'help.cost': info('AWS: the bill, part by part, with the source of each price.', 'AWS: 料金の内訳と単価の出典を表示します。'),
  'help.down': info('AWS: destroys the environment and proves that nothing is left.', 'AWS: 環境を削除し、何も残っていないことを確認します。'),
  'help.sweep': info('AWS: removes what is left when no stack is there any more.', 'AWS: スタックが無くなった後に残ったものを削除します。'),
  'help.import-check': info(
    'Lists what a Terraform state of the seed holds, what took its place, and what of it is left.',
    '元の Terraform state の内容、置き換え先、残っているものを一覧します。',
  ),
  'aws.not-installed': error(
    'The AWS commands need packages that are not installed here: npm ci',
    'AWS コマンドに必要なパッケージがありません: npm ci を実行してください',
  ),
  'aws.credentials': error(
    'AWS does not accept the credentials of this terminal ({reason}). Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in again.',
    'AWS の認証情報が使えません（{reason}）。AWS_PROFILE か AWS_ACCESS_KEY_ID と AWS_SECRET_ACCESS_KEY を設定するか、サインインし直してください。',
  ),
  'aws.denied': error(
    'AWS refuses: {reason}. ./genai plan --iam prints the policy that is needed.',
    'AWS に拒否されました: {reason}。必要な権限は ./genai plan --iam で確認できます。',
  ),
  'aws.refused': error('AWS answered {code}: {reason}', 'AWS の応答 {code}: {reason}'),
  'aws.kubernetes': error('The cluster answered: {reason}', 'クラスタの応答: {reason}'),
  'aws.settings': error('{reason}', '{reason}'),
  'aws.interrupted': warning(
    'Stopped. What AWS has begun goes on there; run the same command again and it takes it up.',
    '中断しました。AWS 側で始まった処理は続きます。同じコマンドを再実行すると続きから再開します。',
  ),
  'aws.stopping': info('Stopping after the step in progress ... (Ctrl-C again ends at once)', '実行中の処理の後で停止します...（もう一度 Ctrl-C で即時終了）'),
  'aws.choose-gateway': info('Which gateway?', 'ゲートウェイはどれにしますか？'),
  'aws.choose-observe': info('Which observability?', '観測基盤はどれにしますか？'),
  'aws.not-chosen': error(
    'Not chosen yet: {names}. Say --gateway litellm|native and --observe langfuse|native, or write them into {file}.',
    '未選択です: {names}。--gateway litellm|native と --observe langfuse|native を指定するか、{file} に記入してください。',
  ),
  'aws.chosen': info('Written into {file}: gateway {gateway}, observe {observe}', '{file} に記録しました: gateway {gateway}、observe {observe}'),
  'aws.assumed': warning(
    'The products are not chosen yet: priced for gateway litellm and observe langfuse, the picture of the seed.',
    '製品が未選択のため、gateway litellm・observe langfuse として計算しています。',
  ),
  'aws.native-waits': warning('{reason}', '{reason}'),
  'aws.your-address': info(
    'The doors are open to your address only: {cidr} (--allow CIDR for others)',
    '接続を許可するのは現在のアドレスのみです: {cidr}（--allow CIDR で変更）',
  ),
  'aws.no-address': error(
    'Your own address could not be found out ({reason}). Say who may reach the doors: --allow 203.0.113.7/32',
    '自分のアドレスを取得できません（{reason}）。接続元を --allow 203.0.113.7/32 のように指定してください。',
  ),
  'aws.missing-keys': error(
    'These variables of the models are not set: {names}. Set them and run ./genai up again.',
    'モデルに必要な変数が未設定です: {names}。設定して ./genai up を再実行してください。',
  ),
  'aws.nothing-done': info('Nothing was changed. Without a terminal, say --yes.', '変更していません。端末以外で実行する場合は --yes を付けてください。'),
} as const satisfies Record<string, MessageForm>;

const TABLES = {
  'bill.title': info('{title} ({region})', '{title}（{region}）'),
  'bill.part': info('Part', '項目'),
  'bill.quantity': info('Quantity', '数量'),
  'bill.price': info('Unit price', '単価'),
  'bill.day': info('A day', '1 日'),
  'bill.month': info('A month', '1 か月'),
  'bill.sources': info('Prices: what a line assumes, the day of its source, the source', '単価の前提・出典日・出典'),
  'bill.total': info('Total', '合計'),
  'bill.unknown': info('unknown', '不明'),
  'bill.way': info('Use', '使い方'),
  'bill.ours': info('This environment', 'この環境'),
  'bill.seed': info("The seed's form", '元の構成'),
  'bill.always': info('Always on, a month', '常時稼働（1 か月）'),
  'bill.evenings': info('Destroyed every evening, {days} weekdays of {hours} h', '毎晩削除（平日 {days} 日・1 日 {hours} 時間）'),
  'bill.weekend': info('Left over a weekend ({hours} h)', '週末に消し忘れ（{hours} 時間）'),
  'bill.hour': info('An hour', '1 時間'),
  'bill.by-use': info('By use, not in the totals:', '従量課金（合計に含まず）:'),
  'bill.rate': info('1 USD = {rate} JPY ({date}, {source})', '1 USD = {rate} 円（{date}、{source}）'),
  'bill.at-least': info('"≥": the price of a part is unknown.', '「≥」は単価不明の項目を含むことを示します。'),
  'plan.stacks': info('What up would make', '作成されるもの'),
  'plan.stack': info('Stack', 'スタック'),
  'plan.resources': info('Resources', 'リソース数'),
  'plan.state': info('State', '状態'),
  'plan.objects': info('{objects} Kubernetes objects in {waves} waves', 'Kubernetes オブジェクト {objects} 件（{waves} 段階）'),
  'plan.to-make': info('to make', '新規作成'),
  'plan.unchanged': info('unchanged', '変更なし'),
  'plan.to-change': info('{count} change(s)', '変更 {count} 件'),
  'plan.busy': info('{status}: up decides', '{status}: up が判断'),
  'plan.offline': info('What exists at AWS was not asked; ./genai plan --compare does.', 'AWS の現状は確認していません（--compare で比較）。'),
  'up.confirm': warning('Create {name} in {region} for about {day} a day?', '{region} に {name} を作成します（約 {day}/日）。よろしいですか？'),
  'up.no-backup': error('There is no backup {from}.', 'バックアップ {from} がありません。'),
  'up.other-products': error(
    '{name} was made with gateway {gateway} and observe {observe}: choose the same.',
    '{name} は gateway {gateway}・observe {observe} で作成されています。同じものを選んでください。',
  ),
  'up.from': info('Restoring from {name} ({at})', '{name}（{at}）から復元します'),
  'up.done': info('Ready after {minutes} min, {changes} change(s).', '{minutes} 分で完了しました（変更 {changes} 件）。'),
  'up.gateway': info('Gateway   {url}', 'ゲートウェイ  {url}'),
  'up.observe': info('Observability   {url}', '観測基盤  {url}'),
  'up.secrets': info('Keys: Secrets Manager, {arn}\n  fields {fields}; login {email}', 'キー: Secrets Manager、{arn}\n  項目 {fields}、ログイン {email}'),
  'up.price': info('Costs about {hour} an hour from now on.', '料金は約 {hour}/時間です。'),
  'up.expiry': info('Ends {at}; ./genai down destroys it.', '期限 {at}。./genai down で削除します。'),
  'up.no-expiry': warning(
    'No end is set (--until 20:00): it costs until ./genai down.',
    '期限が未設定です（--until 20:00）。./genai down まで料金がかかります。',
  ),
  'down.confirm': warning(
    'Destroy {name} in account {account}, {region}: {stacks} stack(s), {count} thing(s) in all?',
    'アカウント {account}（{region}）の {name} を削除します: スタック {stacks} 件、全 {count} 件。よろしいですか？',
  ),
  'down.would': info('Would remove: {stacks}; {count} thing(s) in all, {day} a day', '削除対象: {stacks}。全 {count} 件、{day}/日'),
  'down.empty': info('Nothing is left: {kinds} kinds of things were looked for, twice.', '何も残っていません（{kinds} 種類を 2 回確認）。'),
  'down.left': error(
    '{count} thing(s) are left, about {day} a day. Run ./genai down again, or remove them by hand:',
    '{count} 件が残っています（約 {day}/日）。./genai down を再実行するか、手動で削除してください:',
  ),
  'down.kept': info('Kept on purpose, about {day} a day:', '意図的に残したもの（約 {day}/日）:'),
  'down.unreadable': error('Could not be looked at, so nobody knows whether something is left: {kinds}', '確認できなかったため、残っているか不明です: {kinds}'),
  'down.not-expired': info('Not expired: it ends {at}. Nothing was changed.', '期限前です（{at} まで）。何も変更していません。'),
  'down.traces-without-save': error(
    '--with-traces needs --save file, --save s3 or --save PATH.',
    '--with-traces は --save file、--save s3、--save パスのいずれかと一緒に指定してください。',
  ),
  'down.no-expiry': info('It has no expiry, or is not there. Nothing was changed.', '期限がないか、環境がありません。何も変更していません。'),
  'sweep.standing': error(
    'The environment stands: what its cluster makes is its own. ./genai down removes it all.',
    '環境が稼働中です。クラスタが作ったものは残りものではありません。すべて削除するには ./genai down を使ってください。',
  ),
  'status.none': info('Nothing of the environment {name} is in {region}.', '環境 {name} は {region} にありません。'),
  'status.age': info('Stands for {hours} h, about {cost} so far', '経過 {hours} 時間、これまで約 {cost}'),
  'status.pods': info('Pods', 'ポッド'),
  'status.phase': info('Phase', '段階'),
  'status.restarts': info('Restarts', '再起動'),
  'status.no-pods': warning('The pods could not be listed: {reason}', 'ポッドを取得できません: {reason}'),
  'status.targets': info('Targets', 'ターゲット'),
  'status.stores': info('Stores', 'データストア'),
  'status.kind': info('Kind', '種類'),
  'status.name': info('Name', '名前'),
  'status.a-day': info('A day', '1 日'),
  'status.leftovers': warning(
    '{count} thing(s) belong to nobody; ./genai sweep removes them once the environment is gone.',
    '所属のないものが {count} 件あります。環境の削除後に ./genai sweep で消せます。',
  ),
  'status.expired': warning('EXPIRED since {at}: ./genai down', '期限切れ（{at}）: ./genai down を実行してください'),
} as const satisfies Record<string, MessageForm>;

export const AWS_MESSAGES = { ...LIFE, ...FAILURES, ...PHASES, ...TROUBLES, ...VERBS, ...TABLES, ...SEED_MESSAGES } as const;
