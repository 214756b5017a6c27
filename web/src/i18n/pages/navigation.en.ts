// Texts of the navigation's groups.
export const navigationEn = { 'nav.group.gateway': 'Gateway', 'nav.group.observe': 'Observability' };
