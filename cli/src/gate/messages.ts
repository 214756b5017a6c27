// Sentences of `gate`.
import { error, info, type MessageForm } from '#message-form.ts';

export const GATE_MESSAGES = {
  'help.gate': info(
    'Fails a pipeline when a dataset run is too low, or worse than its baseline beyond chance.',
    'データセットの実行結果が基準を下回る、または基準の実行より偶然を超えて悪いとき、パイプラインを失敗させます。',
  ),
  'gate.usage': error(
    'Usage: ./genai gate --dataset NAME --run NAME [--baseline NAME] --min score=0.7 [--max cost=0.01] [--no-worse score[=0.02]]. --no-worse needs --baseline.',
    '使い方: ./genai gate --dataset 名前 --run 名前 [--baseline 名前] --min スコア=0.7 [--max cost=0.01] [--no-worse スコア[=0.02]]。--no-worse には --baseline が必要です。',
  ),
  'gate.no-keys': error(
    'No project keys: pass --public-key and --secret-key, or set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY.',
    'プロジェクトのキーがありません。--public-key と --secret-key を渡すか、LANGFUSE_PUBLIC_KEY と LANGFUSE_SECRET_KEY を設定してください。',
  ),
  'gate.refused': error('The comparison could not be read ({status}): {reason}', '比較を読み取れませんでした（{status}）: {reason}'),
  'gate.header-result': info('Result', '結果'),
  'gate.header-demand': info('Demand', '条件'),
  'gate.header-mean': info('Mean [95 %]', '平均 [95 %]'),
  'gate.header-difference': info('Against the baseline [95 %]', '基準との差 [95 %]'),
  'gate.header-items': info('Items', '項目数'),
  'gate.passed': info('pass', '合格'),
  'gate.failed': info('FAIL', '不合格'),
  'gate.absent': info('no such score', '該当するスコアなし'),
  'gate.baseline': info('baseline', '基準'),
  'gate.good': info('The run passes.', '合格です。'),
  'gate.bad': info('The run does not pass.', '不合格です。'),
} as const satisfies Record<string, MessageForm>;
