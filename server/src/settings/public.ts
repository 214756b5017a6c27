// The door of this room for the CLI, the infrastructure and the docs: names, defaults and the reader of all settings.
// biome-ignore-all lint/performance/noBarrelFile: this is the workspace's hand-written public door, not a convenience

export { processEnvironment } from './environment.ts';
export { REGISTERED } from './litellm-config.ts';
export { type LoadedSettings, type LoadInput, loadSettings, reloadGatewayConfig } from './load.ts';
export { formatNote, hasFaults } from './notes.ts';
export type { ConfigNote, Deployment, GatewayConfig, Settings } from './settings.ts';
export { STARTER_CONFIG } from './starter-config.ts';
export { SETTINGS, type SettingName, type SettingRow } from './table.ts';
