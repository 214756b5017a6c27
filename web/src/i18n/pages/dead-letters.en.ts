// Texts of the list of what could not be stored.
export const deadLettersEn = {
  'deadLetters.place': 'Place',
  'deadLetters.reason': 'Reason',
  'deadLetters.content': 'Content',
  'deadLetters.bytes': 'Bytes',
  'deadLetters.one': 'Set aside',
  'deadLetters.redrive': 'Send again',
  'deadLetters.redriveAll': 'Send these again',
  'deadLetters.redriven': '{{count}} sent again, {{failed}} could not be, {{left}} left',
  'deadLetters.discard': 'Discard',
  'deadLetters.discardAll': 'Discard these',
  'deadLetters.discardOne': 'Discard it?',
  'deadLetters.discardMany': 'Discard every entry that the filter shows?',
  'deadLetters.discardHint': 'It is not stored anywhere else. This cannot be undone.',
  'deadLetters.truncated': 'Only the beginning is shown.',
  'deadLetters.empty': 'Nothing was set aside',
  'deadLetters.emptyHint': 'An accepted event that cannot be stored lies here with its reason, until it is sent again or discarded.',
};
