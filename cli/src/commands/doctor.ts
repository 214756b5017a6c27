// `doctor`: everything that would keep the platform from working here, in one table; exit code 1 when there is a problem.
import { parseArgs } from 'node:util';
import type { PlatformStatus } from '@genai/server/platform';
import { type ConfigNote, formatNote, type GatewayConfig, type LoadedSettings } from '@genai/server/settings';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';
import { type Finding, ok, problem, warning } from '#doctor/finding.ts';
import { checkLiteLlm } from '#doctor/litellm.ts';
import { checkDataFolder, checkDisk, checkPackages, checkPlatform, checkPort, checkRuntime } from '#doctor/machine.ts';
import { checkUpstreams } from '#doctor/network.ts';
import type { Io } from '#io.ts';
import { adminSocket, LOCAL_FLAGS, localSettings, localStatus, readKeysFile } from '#local.ts';
import { renderTable } from '#table.ts';
import { saltKeys } from '#takeover/salt-keys.ts';

const OPTIONS = {
  ...AWS_FLAGS,
  ...LOCAL_FLAGS,
  network: { type: 'boolean' },
  'database-url': { type: 'string' },
  'salt-key': { type: 'string', multiple: true },
  aws: { type: 'boolean' },
} as const;

export const doctorWith =
  (open: OpenLife): Command =>
  async (context) => {
    const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
    if (values.aws === true) {
      return await runAws(context, async (signal) => {
        const environment = await environmentOf(context, values, { products: 'any', needsAddress: false });
        const { examineAws } = await infra(() => import('@genai/infra/life/examine'));
        return report(context.io, await examineAws(await open(environment, context, signal)));
      });
    }
    const loaded = localSettings(context, { 'data-dir': values['data-dir'], config: values.config });
    const findings = await examine(loaded, values.network === true);
    const databaseUrl = values['database-url'];
    if (databaseUrl !== undefined) {
      const question = { databaseUrl, saltKeys: saltKeys(context, values['salt-key'] ?? []), socketPath: adminSocket(loaded.settings.dataDir) };
      findings.push(...(await checkLiteLlm(context.io, question)));
    }
    return report(context.io, findings);
  };

export const doctor: Command = doctorWith(openAws);

function report(io: Io, findings: readonly Finding[]): number {
  const problems = findings.filter((finding) => finding.state === 'problem').length;
  const rows = findings.map((finding) => [finding.id, finding.state === 'problem' ? 'PROBLEM' : finding.state, finding.detail]);
  const header = [io.text('doctor.header-check'), io.text('doctor.header-state'), io.text('doctor.header-detail')];
  const summary = problems === 0 ? io.text('doctor.good') : io.text('doctor.problems', { count: problems });
  io.result({ good: problems === 0, problems, findings }, `${renderTable(header, rows)}\n\n${summary}`);
  return problems === 0 ? 0 : 1;
}

async function examine(loaded: LoadedSettings, withNetwork: boolean): Promise<Finding[]> {
  const { settings, gatewayConfig } = loaded;
  const status = await localStatus(settings.dataDir).catch((error: unknown) => error as Error);
  const machine = [
    checkRuntime(),
    checkPlatform(),
    checkPackages({ records: settings.recordsUrl === null, analytics: settings.clickhouse === null && settings.role !== 'gateway' }),
    ...checkDataFolder(settings.dataDir),
    checkDisk(settings.dataDir, settings.limits.payloadJournalBytes),
  ];
  const network = withNetwork
    ? await checkUpstreams(gatewayConfig, settings.network)
    : [{ id: 'network', state: 'skipped' as const, detail: 'upstreams are only reached with --network' }];
  return [
    ...machine,
    ...checkKeysFile(settings.dataDir),
    ...checkConfig(loaded),
    ...checkModels(gatewayConfig),
    ...(await checkProcess(loaded, status)),
    ...network,
  ];
}

function checkKeysFile(dataDir: string): Finding[] {
  const file = readKeysFile(dataDir);
  if (file.tooOpen) return [problem('keys.file', `${file.path} can be read by other users: chmod 600 ${file.path}`)];
  return file.state === 'damaged' ? [problem('keys.file', `${file.path} is not readable JSON`)] : [];
}

function checkConfig(loaded: LoadedSettings): Finding[] {
  const path = loaded.settings.configPath ?? '';
  const finding = (note: ConfigNote): Finding => (note.level === 'error' ? problem('config', formatNote(note)) : warning('config', formatNote(note)));
  const notes = loaded.notes.map(finding);
  if (notes.some((note) => note.state === 'problem')) return notes;
  return [ok('config', loaded.starterConfigPath === null ? path : `${path} will be written on the first start`), ...notes];
}

/** A deployment without its variables is a warning: the others work. None at all is a problem. */
function checkModels(config: GatewayConfig): Finding[] {
  const findings = config.deployments.map((deployment) => {
    const id = `model.${deployment.modelName}`;
    const detail = `${deployment.providerName}/${deployment.upstreamModel}`;
    return (deployment.problem ?? null) === null ? ok(id, detail) : warning(id, `${detail}: ${deployment.problem}`);
  });
  for (const [name, reason] of Object.entries(config.unsupportedModels ?? {})) findings.push(warning(`model.${name}`, reason));
  if (!findings.some((finding) => finding.state === 'ok'))
    findings.push(problem('model', 'no model can answer: set the variables named above, or add a model to the configuration'));
  return findings;
}

async function checkProcess({ settings }: LoadedSettings, status: PlatformStatus | null | Error): Promise<Finding[]> {
  if (status instanceof Error) return [problem('process', `the running process does not answer: ${status.message}`)];
  if (status !== null) return runningFindings(status);
  const gateway = { id: 'port.gateway', flag: '--port', host: settings.host, port: settings.port, required: true };
  const observe = { id: 'port.observe', flag: '--observe-port', host: settings.host, port: settings.observePort, required: false };
  // One after the other: with equal ports both would be free or taken by chance.
  return [ok('process', 'not running'), await checkPort(gateway), await checkPort(observe)];
}

function runningFindings(status: PlatformStatus): Finding[] {
  const { analytics, journal, records } = status;
  const lag = analytics.lagRecords === null ? '' : `, ${analytics.lagRecords} records behind`;
  const megabytes = Math.round((status.memoryBytes.front + (status.memoryBytes.engine ?? 0)) / 1024 / 1024);
  return [
    ok(
      'process',
      `running (pid ${status.pid}, ${status.role}, version ${status.version}, ${megabytes} MiB) gateway ${status.urls.gateway ?? '-'}, observability ${status.urls.observe ?? '-'}`,
    ),
    records.ok ? ok('process.records', `PostgreSQL, ${records.kind}`) : problem('process.records', `PostgreSQL (${records.kind}) does not answer: see the log`),
    analytics.state === 'away'
      ? problem('process.analytics', `${analytics.kind} is away: nothing is lost, reads answer 503; see the log`)
      : ok('process.analytics', `${analytics.kind} ${analytics.state}, ${analytics.observations ?? '?'} observations${lag}`),
    journal.level === 'full'
      ? problem(
          'process.journal',
          `full (${journal.backlogBytes} of ${journal.payloadLimitBytes} bytes): ingestion is refused until the analytics store catches up`,
        )
      : {
          id: 'process.journal',
          state: journal.level === 'ok' ? 'ok' : 'warning',
          detail: `${journal.backlogBytes} of ${journal.payloadLimitBytes} bytes waiting`,
        },
  ];
}
