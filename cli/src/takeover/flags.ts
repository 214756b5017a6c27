// The flags of the verbs that take over and give back, as `help` shows them.
const LOCAL = ['--data-dir DIR', '--config FILE'];

export const TAKEOVER_FLAGS: Readonly<Record<string, readonly string[]>> = {
  import: [
    'litellm',
    '--database-url URL',
    '--salt-key KEY (several, tried in this order)',
    '--spend-from YYYY-MM-DD',
    'langfuse --url URL --public-key PK --secret-key SK [--from DAY] [--to DAY] [--only KIND,...]',
    '--apply (else a dry run)',
    ...LOCAL,
  ],
  compare: [
    '--a URL',
    '--b URL',
    '--key KEY | --key-a KEY --key-b KEY',
    '--requests FILE (JSON lines: a chat body, or {"path", "body"}) | --from-log N',
    '--max-cost DOLLARS (0.10)',
    '--unknown-cost DOLLARS (of a call whose cost nobody tells)',
    '--timeout-seconds N',
    '--observe-url URL --public-key PK --secret-key SK (of the log)',
    ...LOCAL,
  ],
  prices: ['update [--url URL | --file FILE] [--dry-run]', 'show MODEL', ...LOCAL],
  export: [
    'litellm',
    '--database-url URL (empty, migrated by LiteLLM)',
    '--salt-key KEY (of the LiteLLM that will read it)',
    '--spend-from YYYY-MM-DD',
    '--spend-to YYYY-MM-DD',
    'langfuse --url URL --public-key PK --secret-key SK [--from DAY] [--to DAY] [--only KIND,...]',
    '--apply (else a dry run)',
    ...LOCAL,
  ],
};
