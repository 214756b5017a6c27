// The flags of the verbs that take over and give back, as `help` shows them.
const LOCAL = ['--data-dir DIR', '--config FILE'];

export const TAKEOVER_FLAGS: Readonly<Record<string, readonly string[]>> = {
  import: ['litellm', '--database-url URL', '--salt-key KEY (several, tried in this order)', '--spend-from YYYY-MM-DD', '--apply (else a dry run)', ...LOCAL],
};
