// The block that the first start prints at a terminal: doors, first login, keys, a curl that works as pasted, and the next three steps.
import type { KeysFile, PlatformUrls } from '@genai/server/platform';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';

/** The seed's own test sentence, against the model that answers without a network. */
export const FIRST_MESSAGE = 'こんにちは！LiteLLMのテストです。';

export function firstRunBlock(io: Io, keys: KeysFile, places: { urls: PlatformUrls; environmentFile: string }): string {
  const { gateway, observe, console: consoleUrl } = places.urls;
  const rows: [MessageCode, string | null][] = [
    ['first.gateway', gateway],
    ['first.observe', observe],
    ['first.console', consoleUrl],
    ['first.login', keys.email === null || keys.password === null ? null : `${keys.email}  ${keys.password}`],
    ['first.virtual-key', keys.virtualKey],
    ['first.master-key', keys.masterKey],
    ['first.project-keys', keys.publicKey === null || keys.secretKey === null ? null : `${keys.publicKey}  ${keys.secretKey}`],
  ];
  const lines = ['', io.text('first.title'), ''];
  for (const [code, value] of rows) if (value !== null) lines.push(`  ${io.text(code)}`, `    ${value}`);
  if (gateway !== null && keys.virtualKey !== null) lines.push('', io.text('first.try'), '', curl(gateway, keys.virtualKey));
  lines.push('', io.text('first.next'), `  1. ${io.text('first.next-azure', { env: places.environmentFile })}`, `  2. ${io.text('first.next-doctor')}`);
  if (consoleUrl !== null) lines.push(`  3. ${io.text('first.next-console', { console: consoleUrl })}`);
  return [...lines, ''].join('\n');
}

/** The seed's curl; works as pasted in any POSIX shell. */
function curl(gateway: string, key: string, model = 'demo'): string {
  return [
    `curl -X POST "${gateway}/v1/chat/completions" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -d '{"model": "${model}", "messages": [{"role": "user", "content": "${FIRST_MESSAGE}"}]}'`,
  ].join('\n');
}
