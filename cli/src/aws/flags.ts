// The flags that every AWS verb has.

export const AWS_FLAGS = {
  settings: { type: 'string' },
  name: { type: 'string' },
  profile: { type: 'string' },
  region: { type: 'string' },
  gateway: { type: 'string' },
  observe: { type: 'string' },
  allow: { type: 'string', multiple: true },
  ttl: { type: 'string' },
  yes: { type: 'boolean' },
} as const;

export interface AwsFlags {
  settings?: string | undefined;
  name?: string | undefined;
  profile?: string | undefined;
  region?: string | undefined;
  gateway?: string | undefined;
  observe?: string | undefined;
  allow?: string[] | undefined;
  ttl?: string | undefined;
  yes?: boolean | undefined;
}

/** "11h", "90m", "2d" in milliseconds; null when it is none of these. */
export function durationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(m|h|d)$/.exec(text.trim());
  if (match === null) return null;
  const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'm' | 'h' | 'd'];
  return Number(match[1]) * unit;
}
