// Who is told of trouble: general_settings.alerting of LiteLLM with its webhooks, kinds and thresholds.
import { type Environment, isRecord, type Section } from './section.ts';

/** Kinds of alerts that are built, in LiteLLM's names. */
export const ALERT_TYPES = ['llm_exceptions', 'llm_too_slow', 'budget_alerts'] as const;
export type AlertType = (typeof ALERT_TYPES)[number];

export interface Alerting {
  /** Slack's incoming webhooks by kind of alert. */
  readonly slack: Readonly<Record<AlertType, readonly string[]>>;
  /** Gets budget alerts as JSON (LiteLLM's "webhook"); null = none. */
  readonly webhook: string | null;
  /** A call that takes longer is told of. */
  readonly slowMs: number;
}

const DEFAULT_SLOW_SECONDS = 300;

/** Null when nobody is told. Addresses come from the environment, or by kind from alert_to_webhook_url. */
export function readAlerting(general: readonly Section[], environment: Environment): Alerting | null {
  const section = general.find((one) => one.has('alerting'));
  if (section === undefined) return null;
  const ways = section.texts('alerting');
  const wanted = typesOf(general);
  const own = webhooksOf(general);
  const slackUrl = address(environment.SLACK_WEBHOOK_URL);
  const slack = Object.fromEntries(
    ALERT_TYPES.map((type) => [type, ways.includes('slack') && wanted.has(type) ? (own.get(type) ?? (slackUrl === null ? [] : [slackUrl])) : []]),
  ) as unknown as Alerting['slack'];
  if (ways.includes('slack') && Object.values(slack).every((urls) => urls.length === 0))
    section.warn('alerting', 'slack is told nothing: SLACK_WEBHOOK_URL is not set');
  const webhook = ways.includes('webhook') ? address(environment.WEBHOOK_URL) : null;
  if (ways.includes('webhook') && webhook === null) section.warn('alerting', 'the webhook is told nothing: WEBHOOK_URL is not set');
  for (const [index, way] of ways.entries())
    if (way !== 'slack' && way !== 'webhook') section.warn(['alerting', index], `"${way}" is not built; nothing is sent to it`);
  const slowSeconds = general.map((one) => one.number('alerting_threshold', { min: 0.001 })).find((value) => value !== null) ?? DEFAULT_SLOW_SECONDS;
  return { slack, webhook, slowMs: slowSeconds * 1000 };
}

function typesOf(general: readonly Section[]): Set<string> {
  const section = general.find((one) => one.has('alert_types'));
  return new Set(section === undefined ? ALERT_TYPES : section.texts('alert_types'));
}

function webhooksOf(general: readonly Section[]): Map<string, string[]> {
  const webhooks = new Map<string, string[]>();
  for (const section of general) {
    const value = section.raw('alert_to_webhook_url');
    for (const [type, urls] of Object.entries(isRecord(value) ? value : {})) {
      const list = (Array.isArray(urls) ? urls : [urls]).map(address).filter((url) => url !== null);
      if (list.length > 0) webhooks.set(type, list);
      else section.warn(['alert_to_webhook_url', type], 'is no address');
    }
  }
  return webhooks;
}

function address(value: unknown): string | null {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value) ? value : null;
}
