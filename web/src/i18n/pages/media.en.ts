// Texts of media beneath a content.
export const mediaEn = {
  'media.file': 'Download: {{type}}, {{kilobytes}} kB',
  'media.gone': 'A medium ({{type}}) that is no longer here.',
};
