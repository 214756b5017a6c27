// The flags of the verbs that take over and give back, as `help` shows them.
const LOCAL = ['--data-dir DIR', '--config FILE'];

export const TAKEOVER_FLAGS: Readonly<Record<string, readonly string[]>> = {
  import: ['litellm', '--database-url URL', '--salt-key KEY (several, tried in this order)', '--spend-from YYYY-MM-DD', '--apply (else a dry run)', ...LOCAL],
  export: [
    'litellm',
    '--database-url URL (empty, migrated by LiteLLM)',
    '--salt-key KEY (of the LiteLLM that will read it)',
    '--spend-from YYYY-MM-DD',
    '--spend-to YYYY-MM-DD',
    '--apply (else a dry run)',
    ...LOCAL,
  ],
};
