// Texts of experiments that are started over a dataset.
export const experimentsEn = {
  'experiments.title': 'Started experiments',
  'experiments.start': 'Run experiment',
  'experiments.prompt': 'Prompt',
  'experiments.variables': 'Filled in with the members of each item’s input: {{names}}',
  'experiments.runName': 'Name of the run',
  'experiments.who': 'Every active item is asked once, by way of the gateway, at your own key; its budget and limits hold.',
  'experiments.go': 'Start',
  'experiments.cancel': 'Call off',
  'experiments.progress': '{{done}} of {{total}}, {{failed}} failed',
  'experiments.state.running': 'Running',
  'experiments.state.done': 'Done',
  'experiments.state.failed': 'Failed',
  'experiments.state.cancelled': 'Called off',
};
