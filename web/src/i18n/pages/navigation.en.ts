// Texts of the navigation: groups and the pages whose own texts come later.
export const navigationEn = {
  'nav.group.gateway': 'Gateway',
  'nav.group.observe': 'Observability',
  'nav.teams': 'Teams',
  'nav.live': 'Live tail',
  'nav.sessions': 'Sessions',
  'nav.scores': 'Scores',
  'nav.people': 'Users',
  'nav.prompts': 'Prompts',
  'nav.datasets': 'Datasets',
  'nav.annotation': 'Annotation',
  'nav.evaluation': 'Evaluation',
  'nav.dashboards': 'Dashboards',
  'nav.alerts': 'Alerts',
  'nav.health': 'Health',
  'nav.compatibility': 'Compatibility',
  'nav.group.platform': 'Platform',
};
