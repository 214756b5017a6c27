// Sentences of `prices`, English and Japanese.
import { error, info, type MessageForm, warning } from '#message-form.ts';

export const PRICE_MESSAGES = {
  'help.prices': info(
    "update: brings LiteLLM's public price file into the running platform. show MODEL: what a model costs, and where the price comes from. reprice: costs of stored observations again, by the prices valid then.",
    'update: LiteLLM が公開している価格表を取り込みます。show MODEL: モデルの価格とその出典を表示します。reprice: 保存済みのコストを、当時有効だった価格で計算し直します。',
  ),
  'prices.usage': error(
    'Usage: ./genai prices update [--url URL | --file FILE] [--dry-run], ./genai prices show MODEL, or ./genai prices reprice --from DATE [--to DATE] [--model NAME] [--dry-run]',
    '使い方: ./genai prices update [--url URL | --file FILE] [--dry-run]、./genai prices show MODEL、または ./genai prices reprice --from 日付 [--to 日付] [--model 名前] [--dry-run]',
  ),
  'prices.reprice-usage': error(
    'Usage: ./genai prices reprice --from DATE [--to DATE] [--model NAME] [--dry-run] [--json]; a date is 2026-11-01 (UTC) or an instant with its zone',
    '使い方: ./genai prices reprice --from 日付 [--to 日付] [--model 名前] [--dry-run] [--json]。日付は 2026-11-01（UTC）またはタイムゾーン付きの時刻',
  ),
  'prices.repricing': info('{looked} observations looked at, {changed} with another cost', '{looked} 件を確認、{changed} 件のコストが変わります'),
  'prices.looked-at': info('looked at', '確認'),
  'prices.with-another-cost': info('other cost', '変更'),
  'prices.without-price': info('no price', '価格不明'),
  'prices.before': info('before', '変更前'),
  'prices.after': info('after', '変更後'),
  'prices.reprice-dry': info(
    'Nothing was written. Run it again without --dry-run to write. Costs that clients gave, gateway calls and the ledger are never changed.',
    '書き込みはしていません。書き込むには --dry-run を外してください。クライアントが指定したコスト、ゲートウェイの呼び出し、台帳は変更されません。',
  ),
  'prices.repriced': info(
    'Written. Costs that clients gave, gateway calls and the ledger were not changed.',
    '書き込みました。クライアントが指定したコスト、ゲートウェイの呼び出し、台帳は変更していません。',
  ),
  'prices.called-off': error('It did not come to its end: {reason}', '完了しませんでした: {reason}'),
  'prices.fetching': info('fetching {url}', '{url} を取得中'),
  'prices.not-fetched': error(
    "The price file could not be fetched: {reason}. Take LiteLLM's model_prices_and_context_window.json some other way and give it with --file.",
    '価格表を取得できません: {reason}。LiteLLM の model_prices_and_context_window.json を別の方法で入手し、--file で指定してください。',
  ),
  'prices.unreadable': error('The price file cannot be read: {reason}', '価格表を読み取れません: {reason}'),
  'prices.updated': info(
    '{models} models priced by {source}: {new} new, {changed} changed, {unchanged} unchanged ({without} entries have no price per token). In force from the next call; config.yaml wins.',
    '{source} のモデル {models} 件: 新規 {new}、変更 {changed}、変更なし {unchanged}（トークン単価のない項目 {without} 件）。次の呼び出しから有効です。config.yaml の指定が優先されます。',
  ),
  'prices.looked': info(
    '{models} models priced by {source}: {new} would be new, {changed} changed, {unchanged} unchanged ({without} entries have no price per token). Nothing was written.',
    '{source} のモデル {models} 件: 新規 {new}、変更 {changed}、変更なし {unchanged}（トークン単価のない項目 {without} 件）。書き込みはしていません。',
  ),
  'prices.faults': warning('{count} entries were left:', '対象外とした項目 {count} 件:'),
  'prices.unit': info('US dollars a million tokens', '100 万トークンあたりの米ドル'),
  'prices.of': info('of', '対象'),
  'prices.input': info('input', '入力'),
  'prices.output': info('output', '出力'),
  'prices.cached': info('cached input', 'キャッシュ入力'),
  'prices.source': info('price row', '価格の出典'),
  'prices.unknown': info('unknown', '不明'),
  'prices.history': info('Listed prices (input / output)', '価格の履歴（入力 / 出力）'),
} as const satisfies Record<string, MessageForm>;
