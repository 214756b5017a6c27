// データセットで開始する実験の文言。
export const experimentsJa = {
  'experiments.title': '開始した実験',
  'experiments.start': '実験を実行',
  'experiments.prompt': 'プロンプト',
  'experiments.variables': '各項目の入力のメンバーが入る変数: {{names}}',
  'experiments.runName': '実行の名前',
  'experiments.who': '有効な項目をすべて一度ずつ、自分専用のキーでゲートウェイを通して実行します。キーの予算と制限が効きます。',
  'experiments.go': '開始',
  'experiments.cancel': '中止',
  'experiments.progress': '{{total}} 件中 {{done}} 件、失敗 {{failed}} 件',
  'experiments.state.running': '実行中',
  'experiments.state.done': '完了',
  'experiments.state.failed': '失敗',
  'experiments.state.cancelled': '中止',
};
