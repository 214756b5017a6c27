// `help [verb]`: what there is, and the flags of one verb.
import { SETTINGS } from '@genai/server/settings';
import type { Command } from '#command.ts';
import { growthFlags } from '#growth/flags.ts';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';
import { TAKEOVER_FLAGS } from '#takeover/flags.ts';
import { platformVersion } from './version.ts';

const VERBS = [
  'start',
  'verify',
  'demo',
  'doctor',
  'keys',
  'import',
  'export',
  'gate',
  'compare',
  'prices',
  'plan',
  'up',
  'status',
  'logs',
  'cost',
  'down',
  'sweep',
  'backup',
  'restore',
  'promote',
  'migrate',
  'import-check',
  'help',
  'version',
] as const;

const LOCAL = ['--data-dir DIR', '--config FILE'];
const AWS = ['--name NAME', '--region REGION', '--profile dev', '--settings FILE', '--gateway litellm|native', '--observe langfuse|native'];
const DOORS = ['--gateway-url URL', '--observe-url URL', '--key KEY', '--public-key PK', '--secret-key SK'];

function flagsOf(verb: string): string[] {
  switch (verb) {
    case 'start':
      return SETTINGS.filter((row) => row.flag !== null).map(
        (row) => `--${row.flag} ${row.choices === undefined ? row.kind.toUpperCase() : row.choices.join('|')}`.padEnd(44) + row.summary,
      );
    case 'verify':
      return [
        ...DOORS,
        '--email EMAIL',
        '--password PASSWORD',
        '--model NAME',
        '--wait SECONDS',
        '--clickhouse-url URL',
        '--clickhouse-user USER',
        '--clickhouse-password PASSWORD',
        '--second-public-key PK',
        '--second-secret-key SK',
        '--aws (an environment that up made)',
        ...AWS,
        ...LOCAL,
      ];
    case 'gate':
      return ['--dataset NAME', '--run NAME', '--baseline NAME', '--min SCORE=VALUE', '--max SCORE=VALUE', '--no-worse SCORE[=DROP]', ...DOORS, ...LOCAL];
    case 'demo':
      return [...DOORS, '--count N', '--seconds N', ...LOCAL];
    case 'doctor':
      return ['--network', '--database-url URL (a LiteLLM database)', '--salt-key KEY', ...LOCAL, '--aws (the account instead of this machine)', ...AWS];
    case 'keys':
      return ['show', 'seal --yes', ...LOCAL];
    case 'plan':
      return ['--compare', '--iam', '--yen JPY', ...AWS];
    case 'up':
      return [
        '--yes',
        '--allow CIDR',
        '--until 20:00',
        '--ttl 11h',
        '--budget-email EMAIL',
        '--no-verify',
        '--from LAST|FILE|s3://BUCKET/KEY',
        '--key-file FILE',
        ...AWS,
      ];
    case 'logs':
      return ['gateway|web|worker|clickhouse', '--tail N', '--previous', ...AWS];
    case 'down':
      return ['--yes', '--plan', '--keep-data', '--save file|s3|PATH', '--with-traces', '--key-file FILE', '--expired', ...AWS];
    case 'sweep':
      return ['--yes', ...AWS];
    case 'import-check':
      return ['--state FILE (terraform.tfstate, or what terraform state pull prints)', '--cluster NAME', '--region REGION', '--settings FILE'];
    case 'status':
    case 'cost':
      return AWS;
    default:
      return [...(TAKEOVER_FLAGS[verb] ?? []), ...growthFlags(verb)];
  }
}

export const help: Command = async ({ argv, io }) => {
  const verb = VERBS.find((candidate) => candidate === argv[0]);
  const lines =
    verb === undefined
      ? overview(io)
      : [io.text(`help.${verb}`), '', io.text('help.flags'), ...flagsOf(verb).map((flag) => `  ${flag}`), '', io.text('help.everywhere')];
  io.result({ commands: VERBS.map((name) => ({ name, summary: io.text(`help.${name}` satisfies MessageCode), flags: flagsOf(name) })) }, lines.join('\n'));
  return 0;
};

function overview(io: Io): string[] {
  return [
    io.text('help.title', { version: platformVersion() }),
    '',
    io.text('help.commands'),
    ...VERBS.map((name) => `  ${name.padEnd(14)}${io.text(`help.${name}`)}`),
    '',
    io.text('help.everywhere'),
  ];
}
