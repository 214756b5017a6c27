// The version of the platform, as probes, headers and the console show it. Equal in every workspace (scripts/versions.test.ts).

export const VERSION = '0.1.0';
