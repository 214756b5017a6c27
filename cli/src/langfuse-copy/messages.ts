// Sentences of copying a Langfuse project, English and Japanese.
import { error, info, type MessageForm, warning } from '#message-form.ts';

export const LANGFUSE_COPY_MESSAGES = {
  'langfuse.usage-import': error(
    'Usage: ./genai import langfuse --url URL --public-key PK --secret-key SK [--from DAY] [--to DAY] [--only KIND,...] [--apply]',
    '使い方: ./genai import langfuse --url URL --public-key PK --secret-key SK [--from 日付] [--to 日付] [--only 種類,...] [--apply]',
  ),
  'langfuse.usage-export': error(
    'Usage: ./genai export langfuse --url URL --public-key PK --secret-key SK [--from DAY] [--to DAY] [--only KIND,...] [--apply]',
    '使い方: ./genai export langfuse --url URL --public-key PK --secret-key SK [--from 日付] [--to 日付] [--only 種類,...] [--apply]',
  ),
  'langfuse.no-own-keys': error(
    'This platform’s own project keys are not known: give --own-public-key and --own-secret-key (those of keys.json are found by themselves).',
    'このプラットフォームのプロジェクトキーがわかりません。--own-public-key と --own-secret-key を指定してください（keys.json のものは自動で使います）。',
  ),
  'langfuse.failed': error(
    '{reason}. What was copied until then stays; run the same command again and it goes on.',
    '{reason}。そこまでのコピーは残っています。同じコマンドを再実行すると続きから始まります。',
  ),
  'langfuse.title-applied': info('Copied from {source} to {target}.', '{source} から {target} にコピーしました。'),
  'langfuse.title-dry': info(
    'Looked at {source} and {target}. Nothing was written: this is what --apply would do.',
    '{source} と {target} を確認しました。まだ何も書き込んでいません。--apply を付けると次のようになります。',
  ),
  'langfuse.resumed': info(
    'An earlier run came as far as {until}: traces go on from there (--restart begins anew).',
    '前回は {until} まで進んでいます。トレースはそこから続けます（--restart で最初から）。',
  ),
  'langfuse.left': info('What was left, and what does not come along', 'コピーしなかったもの'),
  'langfuse.kind-score-config': info('score configs', 'スコア設定'),
  'langfuse.kind-model': info('models', 'モデル'),
  'langfuse.kind-prompt': info('prompt versions', 'プロンプトの版'),
  'langfuse.kind-dataset': info('datasets', 'データセット'),
  'langfuse.kind-dataset-item': info('dataset items', 'データセット項目'),
  'langfuse.kind-trace': info('traces', 'トレース'),
  'langfuse.kind-observation': info('observations', '観測'),
  'langfuse.kind-run': info('dataset runs', 'データセットの実行'),
  'langfuse.kind-score': info('scores', 'スコア'),
  'langfuse.reason-exists': warning('is there with other content and was not touched', '内容の異なるものが存在するため、変更していません'),
  'langfuse.reason-dependency': warning('is composed of a prompt that is not there', '参照先のプロンプトがありません'),
  'langfuse.reason-media': warning('refers to media, which are not copied', 'メディアを参照していますが、メディアはコピーしません'),
  'langfuse.reason-of-a-run': warning('belongs to a dataset run, whose id is another there', 'データセットの実行のスコアは、ID が変わるためコピーしません'),
} as const satisfies Record<string, MessageForm>;
