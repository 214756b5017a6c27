// 保存できなかったものの一覧の文言。
export const deadLettersJa = {
  'deadLetters.place': '場所',
  'deadLetters.reason': '理由',
  'deadLetters.content': '内容',
  'deadLetters.bytes': 'バイト数',
  'deadLetters.one': '保存できなかったイベント',
  'deadLetters.redrive': '再投入',
  'deadLetters.redriveAll': '表示中のものを再投入',
  'deadLetters.redriven': '{{count}} 件を再投入しました。失敗 {{failed}} 件、残り {{left}} 件',
  'deadLetters.discard': '破棄',
  'deadLetters.discardAll': '表示中のものを破棄',
  'deadLetters.discardOne': 'このイベントを破棄しますか？',
  'deadLetters.discardMany': '絞り込みに合うものをすべて破棄しますか？',
  'deadLetters.discardHint': 'ほかの場所には保存されていません。元に戻せません。',
  'deadLetters.truncated': '先頭だけを表示しています。',
  'deadLetters.empty': '保存できなかったイベントはありません',
  'deadLetters.emptyHint': '受け付けたのに保存できなかったイベントが、理由とともにここに並びます。再投入または破棄できます。',
};
