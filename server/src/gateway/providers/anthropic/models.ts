// What a Claude model can do, told from its name: the API has no way to ask. Source: Anthropic's model overview.

/** `claude-opus-4-6`, `anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-haiku-5-5@20260101` -> major and minor; null for older namings. */
function versionOf(model: string): number | null {
  const match = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(model);
  return match === null ? null : Number(match[1]) * 100 + Number(match[2] ?? 0);
}

/** Decides by itself how much to think; a budget is refused or ignored (4.6 and later). */
export function adaptsThinking(model: string): boolean {
  return (versionOf(model) ?? 0) >= 406;
}

/** Takes `output_config.format` (4.5 and later, and Opus 4.1). */
export function hasOutputFormat(model: string): boolean {
  const version = versionOf(model) ?? 0;
  return version >= 405 || (version === 401 && model.includes('opus'));
}
