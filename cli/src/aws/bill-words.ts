// The words of the bill in Japanese: names of parts, units of prices and what a line assumes. The infra workspace names them in English, as the price list does.
import type { Language } from '#message-form.ts';

const JAPANESE: readonly (readonly [RegExp, string])[] = [
  [/^EKS control plane$/, 'EKS コントロールプレーン'],
  [/^Nodes \((.+)\)$/, 'ノード（$1）'],
  [/^EKS Auto Mode$/, 'EKS Auto Mode の手数料'],
  [/^Disks of the nodes$/, 'ノードのディスク'],
  [/^Volumes of pods$/, 'Pod のボリューム'],
  [/^NAT gateways$/, 'NAT ゲートウェイ'],
  [/^Load balancers$/, 'ロードバランサー'],
  [/^Public IPv4 addresses$/, 'パブリック IPv4 アドレス'],
  [/^Aurora PostgreSQL$/, 'Aurora PostgreSQL'],
  [/^Valkey$/, 'Valkey'],
  [/^Secrets$/, 'シークレット'],
  [/^Data through the NAT gateway$/, 'NAT ゲートウェイを通るデータ'],
  [/^Load balancer capacity unit$/, 'ロードバランサーのキャパシティユニット'],
  [/^Aurora storage$/, 'Aurora のストレージ'],
  [/^Aurora I\/O$/, 'Aurora の I/O'],
  [/^S3 storage$/, 'S3 のストレージ'],
  [/^S3 writes and lists$/, 'S3 の書き込みと一覧'],
  [/^S3 reads$/, 'S3 の読み取り'],
  [/^Data out to the internet$/, 'インターネットへの送信'],
  [/^hour$/, '時間'],
  [/^month$/, '月'],
  [/^GB$/, 'GB'],
  [/^GB-month$/, 'GB・月'],
  [/^million requests$/, '100 万リクエスト'],
  [/^ACU-hour$/, 'ACU・時間'],
  [/^LCU-hour$/, 'LCU・時間'],
  [/^share$/, 'ノード料金に対する割合'],
  [/^counted from what the pods ask for, .*$/, 'Pod の要求量から数えたオンデマンド価格。ステートレスな Pod が空きのあるスポットを使う分は安くなります'],
  [/^one a NAT gateway, two a load balancer$/, 'NAT ゲートウェイごとに 1、ロードバランサーごとに 2'],
  [/^the least it takes while connection pools keep it awake; it grows with load$/, '接続プールのために停止しない間の最小量。負荷に応じて増えます'],
];

/** A word of the bill in the reader's language; what has no translation (a name, a source) stays as it is. */
export function billWord(language: Language, text: string): string {
  if (language !== 'ja') return text;
  for (const [form, japanese] of JAPANESE) if (form.test(text)) return text.replace(form, japanese);
  return text;
}
