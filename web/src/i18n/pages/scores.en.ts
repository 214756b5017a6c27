// Texts of the scores list, the form that gives one, and the users list.
export const scoresEn = {
  'scores.source': 'Source',
  'scores.source.API': 'API',
  'scores.source.EVAL': 'Evaluator',
  'scores.source.ANNOTATION': 'Person',
  'scores.value': 'Value',
  'scores.valueHint': 'A number, or a word for a category.',
  'scores.comment': 'Comment',
  'scores.on': 'On',
  'scores.add': 'Add score',
  'scores.noMatch': 'No score matches',
  'scores.empty': 'No scores in this range',
  'scores.emptyHint': 'Scores come from evaluators, from your application (POST /api/public/scores), or from people: open a trace and add one.',
  'people.search': 'Search user…',
  'people.noMatch': 'No user matches',
  'people.empty': 'No users in this range',
  'people.emptyHint': 'Send a user id with your traces, or the field user with calls to the gateway, and each user stands here with traces, tokens and cost.',
};
