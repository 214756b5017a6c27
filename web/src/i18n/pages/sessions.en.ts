// Texts of the sessions list and of one session.
export const sessionsEn = {
  'sessions.search': 'Search session or user…',
  'sessions.lastActive': 'Last active',
  'sessions.duration': 'Duration',
  'sessions.traceCount': '{{count}} traces',
  'sessions.noMatch': 'No session matches',
  'sessions.empty': 'No sessions in this range',
  'sessions.emptyHint':
    'A session joins the traces of one conversation: send a session id with your traces, or the metadata session_id with calls to the gateway.',
};
