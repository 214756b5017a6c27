// The sentences of `import-check`: parts of the seed's Terraform, what took their place, what to do with them.
import type { Standing, Unknown } from '@genai/infra/life/import-check';
import type { Part } from '@genai/infra/seed/parts';
import type { StateFault, Todo } from '@genai/infra/seed/state';
import { error, info, type MessageForm, warning } from '#message-form.ts';

const PARTS = {
  'seed.part-network': info('Network', 'ネットワーク'),
  'seed.part-cluster': info('Cluster', 'クラスタ'),
  'seed.part-roles': info('Roles', 'ロール'),
  'seed.part-database': info('Database', 'データベース'),
  'seed.part-cache': info('Cache', 'キャッシュ'),
  'seed.part-bucket': info('Buckets', 'バケット'),
  'seed.part-balancer': info('Load balancers', 'ロードバランサー'),
  'seed.part-volume': info('Volumes', 'ボリューム'),
  'seed.part-logs': info('Logs', 'ログ'),
  'seed.part-secret': info('Secrets', 'シークレット'),
  'seed.part-names': info('Names and certificates', 'ドメインと証明書'),
  'seed.part-other': info('Other', 'その他'),
} as const satisfies Record<`seed.part-${Part}`, MessageForm>;

const NOW = {
  'seed.now-network': info('a network of its own, in the stack network', '専用のネットワーク（スタック network）'),
  'seed.now-cluster': info('an EKS Auto Mode cluster of its own, in the stack cluster', '専用の EKS Auto Mode クラスタ（スタック cluster）'),
  'seed.now-roles': info('one role a pod by Pod Identity, in the stack cluster', 'Pod Identity によるポッドごとのロール（スタック cluster）'),
  'seed.now-database': info(
    'Aurora with a database and a role each for the two products, in the stack data',
    '製品ごとのデータベースとロールを持つ Aurora（スタック data）',
  ),
  'seed.now-cache': info('Valkey with noeviction, in the stack data', 'noeviction の Valkey（スタック data）'),
  'seed.now-bucket': info(
    'two buckets without versions, which down empties, in the stack data',
    'バージョニングなしの 2 つのバケット。down が空にします（スタック data）',
  ),
  'seed.now-balancer': info('one load balancer for both doors, in the stack edge', '2 つの入口に共通の ALB 1 台（スタック edge）'),
  'seed.now-volume': info("ClickHouse's volume, made by its StatefulSet and removed by down", 'ClickHouse のボリューム（StatefulSet が作成、down が削除）'),
  'seed.now-logs': info('./genai logs; log groups are removed by down', './genai logs（ロググループは down が削除）'),
  'seed.now-secret': info('one secret in Secrets Manager, made by up', 'Secrets Manager のシークレット 1 つ（up が作成）'),
  'seed.now-names': info('domain in the settings file', '設定ファイルの domain'),
  'seed.now-other': info('nothing takes its place', '置き換えなし'),
} as const satisfies Record<`seed.now-${Part}`, MessageForm>;

const TODO = {
  'seed.todo-destroy': info('terraform destroy', 'terraform destroy'),
  'seed.todo-empty': info('empty it, then terraform destroy', '空にしてから terraform destroy'),
  'seed.todo-empty-versions': info(
    'remove all versions and delete markers, then terraform destroy',
    '全バージョンと削除マーカーを消してから terraform destroy',
  ),
  'seed.todo-unprotect': info('switch its deletion protection off, then terraform destroy', '削除保護を外してから terraform destroy'),
  'seed.todo-final-snapshot': info(
    'terraform destroy needs or leaves a final snapshot: set skip_final_snapshot first',
    '最終スナップショットが必要になるか残ります。先に skip_final_snapshot を設定',
  ),
  'seed.todo-tie': info('goes with what it belongs to', '親と一緒に消えます'),
} as const satisfies Record<`seed.todo-${Todo}`, MessageForm>;

const STANDING = {
  'seed.stands': warning('STANDS', '残存'),
  'seed.gone': info('gone', 'なし'),
  'seed.tie': info('-', '-'),
  'seed.not-checked': warning('not checked', '未確認'),
} as const satisfies Record<`seed.${Standing}`, MessageForm>;

const UNKNOWN = {
  'seed.unknown-credentials': warning('not checked: needs AWS credentials', '未確認: AWS の認証情報が必要です'),
  'seed.unknown-account': warning(
    "not checked: the credentials are of another account than the state's",
    '未確認: 認証情報が state とは別のアカウントのものです',
  ),
  'seed.unknown-region': warning('not checked: not known to be in {region} (--region)', '未確認: {region} にあるとは限りません（--region）'),
  'seed.unknown-type': warning('not checked: the account is not asked about this type', '未確認: この種類は AWS に問い合わせません'),
  'seed.unknown-id': warning('not checked: the state has no id', '未確認: state に ID がありません'),
  'seed.unknown-refused': warning('not checked: AWS refused', '未確認: AWS が拒否しました'),
  'seed.unknown-cluster': warning(
    'not checked: no cluster and no network is known (--cluster NAME, or terraform.tfstate.backup)',
    '未確認: クラスタもネットワークも不明です（--cluster NAME または terraform.tfstate.backup を指定）',
  ),
} as const satisfies Record<`seed.unknown-${Unknown | 'cluster'}`, MessageForm>;

const FAULTS = {
  'seed.fault-too-big': error('{file} is too big for a Terraform state.', '{file} は Terraform state としては大きすぎます。'),
  'seed.fault-not-json': error(
    '{file} is not JSON: give terraform.tfstate, or the output of terraform state pull.',
    '{file} は JSON ではありません。terraform.tfstate か terraform state pull の出力を指定してください。',
  ),
  'seed.fault-encrypted': error(
    '{file} is encrypted: give the output of tofu state pull.',
    '{file} は暗号化されています。tofu state pull の出力を指定してください。',
  ),
  'seed.fault-version': error(
    '{file} has version {where}; version 4 (Terraform 0.12 and newer) is read.',
    '{file} のバージョンは {where} です。対応はバージョン 4（Terraform 0.12 以降）です。',
  ),
  'seed.fault-form': error('{file} is not a Terraform state (at "{where}").', '{file} は Terraform state ではありません（"{where}"）。'),
} as const satisfies Record<`seed.fault-${StateFault}`, MessageForm>;

export const SEED_MESSAGES = {
  ...PARTS,
  ...NOW,
  ...TODO,
  ...STANDING,
  ...UNKNOWN,
  ...FAULTS,
  'seed.unreadable': error('{file} cannot be read: {reason}', '{file} を読み取れません: {reason}'),
  'seed.bad-cluster': error('--cluster is the name of an EKS cluster.', '--cluster には EKS クラスタ名を指定してください。'),
  'seed.no-state': warning(
    'No state was given (--state FILE): only what a cluster made beside it can be looked for.',
    'state の指定がありません（--state FILE）。state の外にあるものだけを調べます。',
  ),
  'seed.type': info('Type', '種類'),
  'seed.region': info('Region', 'リージョン'),
  'seed.standing': info('At AWS', 'AWS 上'),
  'seed.todo': info('To do', '対応'),
  'seed.others': info(
    '{count} resource(s) of other providers (Helm, Kubernetes, random) are not things of AWS.',
    '他のプロバイダー（Helm、Kubernetes、random など）のリソース {count} 件は AWS のものではありません。',
  ),
  'seed.outside': info(
    'Outside the state: load balancers of the Ingresses, volumes of the claims, network interfaces, log groups',
    'state の外: Ingress の ALB、PVC のボリューム、ネットワークインターフェース、ロググループ',
  ),
  'seed.outside-ingress': info(
    'delete the Ingress while the cluster stands, else this in the EC2 console',
    'クラスタがあるうちに Ingress を削除。なければ EC2 コンソールで削除',
  ),
  'seed.outside-volume': info(
    'delete the claim while the cluster stands, else this in the EC2 console',
    'クラスタがあるうちに PVC を削除。なければ EC2 コンソールで削除',
  ),
  'seed.outside-owner': info('goes with what uses it; delete it when nothing does', '使用元と一緒に消えます。使用元がなければ削除'),
  'seed.outside-node': info('goes with the cluster; else delete it', 'クラスタと一緒に消えます。残れば削除'),
  'seed.outside-log': info('delete it in the CloudWatch console', 'CloudWatch コンソールで削除'),
  'seed.summary': info(
    '{stands} stand, {gone} gone, {unchecked} not checked, {ties} go with what they belong to; {outside} outside the state.',
    '残存 {stands} 件、なし {gone} 件、未確認 {unchecked} 件、親に付随 {ties} 件。state の外 {outside} 件。',
  ),
} as const satisfies Record<string, MessageForm>;
