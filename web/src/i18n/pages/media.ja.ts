// コンテンツの下に表示するメディアの文言。
export const mediaJa = {
  'media.file': 'ダウンロード: {{type}}、{{kilobytes}} kB',
  'media.gone': 'メディア（{{type}}）は既に削除されています。',
};
