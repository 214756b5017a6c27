// プロジェクト間リンクの文言。
export const traceLinksJa = {
  'traceLinks.calls': 'ゲートウェイ呼び出し先のプロジェクト:',
  'traceLinks.calledBy': '呼び出し元のプロジェクト:',
};
