// Texts of links between projects.
export const traceLinksEn = {
  'traceLinks.calls': 'Called the gateway in the project',
  'traceLinks.calledBy': 'Called by the project',
};
