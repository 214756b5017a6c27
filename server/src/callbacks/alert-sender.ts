// Sends alerts to Slack's incoming webhooks and to the JSON webhook, through lanes of their own: an alert is written down with the news that it was sent.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CallSettled } from '#call-record.ts';
import type { Alerting } from '#settings/alerting.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';
import type { Counter, Metrics } from '#telemetry/metrics.ts';
import { type Alert, budgetAlerts, callAlerts, readBudgets } from './alerts.ts';
import { type Lane, openLane } from './lane.ts';
import type { Space } from './outbox.ts';
import { type Delivery, type Outside, type Receiver, Refused } from './receiver.ts';

export interface AlertParts {
  records: Records;
  outside: Outside;
  metrics: Metrics;
  log: Log;
  /** `<data>/callbacks`. */
  folder: string;
  alerting: () => Alerting | null;
  /** What calls cost is in the records when it resolves. */
  flushLedger: () => Promise<void>;
}

/** Alerts are small; what does not fit has been told of often enough. */
const LIMIT_BYTES = 8 << 20;
const CHECK_TIMEOUT_MS = 10_000;
/** News of long ago is not needed to know what is new. */
const FORGET_AFTER_DAYS = 400;

export class AlertSender {
  readonly #parts: AlertParts;
  readonly #space: Space = { limitBytes: LIMIT_BYTES, usedBytes: 0 };
  readonly #lanes = new Map<string, Lane>();
  readonly #sent: Counter;
  readonly #dropped: Counter;

  constructor(parts: AlertParts) {
    this.#parts = parts;
    const labels = ['type'];
    this.#sent = parts.metrics.counter({ name: 'genai_alerts_total', help: 'Alerts that were found, each once for all processes.', labels });
    this.#dropped = parts.metrics.counter({ name: 'genai_alerts_dropped_total', help: 'Alerts that a webhook refused or that had no room.' });
  }

  /** Null while nobody is told. Otherwise looks at calls; rejects only when the records are away (the calls are looked at again). */
  get onCalls(): ((calls: readonly CallSettled[]) => Promise<void>) | null {
    const alerting = this.#parts.alerting();
    return alerting === null ? null : (calls) => this.#look(calls, alerting);
  }

  /** Alerts of before a restart go on. */
  resume(): void {
    const alerting = this.#parts.alerting();
    if (alerting === null) return;
    const urls = [...Object.values(alerting.slack).flat(), ...(alerting.webhook === null ? [] : [alerting.webhook])];
    for (const url of urls) if (existsSync(join(this.#parts.folder, 'alerts', laneId(url)))) this.#laneOf(url);
  }

  /** Sends a test message to every webhook of a way; what failed in words, null when there is none. */
  async check(way: string): Promise<string[] | null> {
    const alerting = this.#parts.alerting();
    const slack = Object.values(alerting?.slack ?? {}).flat();
    const urls = way === 'webhook' ? [alerting?.webhook ?? null] : way === 'slack' || way === 'slack_budget_alerts' ? slack : [];
    const known = [...new Set(urls.filter((url) => url !== null))];
    if (known.length === 0) return null;
    const body = Buffer.from(JSON.stringify({ text: 'A test alert: this webhook works.', event: 'test', event_message: 'A test alert: this webhook works.' }));
    const failures: string[] = [];
    for (const url of known) {
      const { status } = await this.#parts.outside
        .post(url, { 'content-type': 'application/json' }, body, AbortSignal.timeout(CHECK_TIMEOUT_MS))
        .catch((error: Error) => ({ status: error.message }));
      if (typeof status === 'string' || status >= 300) failures.push(`webhook: ${status}`);
    }
    return failures;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }

  async forgetOld(): Promise<void> {
    await this.#parts.records.query(sql`DELETE FROM sent_alerts WHERE sent_at < now() - make_interval(days => ${FORGET_AFTER_DAYS})`);
  }

  async #look(calls: readonly CallSettled[], alerting: Alerting): Promise<void> {
    const alerts = callAlerts(calls, alerting);
    const paid = calls.filter(({ cost }) => cost !== null && Number(cost) > 0);
    if (paid.length > 0 && (alerting.webhook !== null || alerting.slack.budget_alerts.length > 0)) {
      await this.#parts.flushLedger();
      alerts.push(...(await readBudgets(this.#parts.records, paid)).flatMap(budgetAlerts));
    }
    for (const alert of alerts) await this.#send(alert, alerting);
  }

  async #send(alert: Alert, alerting: Alerting): Promise<void> {
    const { type, event, subject, occasion } = alert;
    const places = placesOf(alert, alerting);
    if (places.length === 0) return;
    await this.#parts.records.transaction(async (session) => {
      const rows = await session.query(sql`
        INSERT INTO sent_alerts (event, subject, occasion) VALUES (${event}, ${subject}, ${occasion}) ON CONFLICT DO NOTHING RETURNING event`);
      if (rows.length === 0) return;
      this.#sent.add(1, type);
      // On the disk before the row is committed: a crash between the two sends it twice, never not at all.
      const id = createHash('sha256').update(`${event}\n${subject}\n${occasion}`).digest('hex').slice(0, 32);
      const name = `${String(Date.now()).padStart(15, '0')}-${id}`;
      for (const { url, body } of places) {
        const delivery: Delivery = { id, calls: 1, contentType: 'application/json', key: null, body: Buffer.from(JSON.stringify(body)) };
        await this.#laneOf(url).queue(name, delivery);
      }
    });
  }

  #laneOf(url: string): Lane {
    const id = laneId(url);
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const { folder, log } = this.#parts;
    const lane = openLane({
      receiver: receiverAt(url, this.#parts.outside),
      folder: join(folder, 'alerts', id),
      space: this.#space,
      counts: {
        delivered: () => {},
        refused: (_, error) => {
          this.#dropped.add(1);
          log.warn('an alert was refused', { error });
        },
        dropped: () => this.#dropped.add(1),
        failed: (error) => log.warn('an alert could not be sent; it is tried again', { error }),
        damaged: (file) => log.warn('an alert that waited is damaged', { file }),
      },
    });
    this.#lanes.set(id, lane);
    return lane;
  }
}

const laneId = (url: string): string => createHash('sha256').update(url).digest('hex').slice(0, 20);

function placesOf(alert: Alert, alerting: Alerting): { url: string; body: Record<string, unknown> }[] {
  const slack = alerting.slack[alert.type].map((url) => ({ url, body: { text: `*${titleOf(alert)}*\n${alert.message}` } }));
  if (alerting.webhook === null || alert.type !== 'budget_alerts') return slack;
  return [...slack, { url: alerting.webhook, body: { event: alert.event, event_message: alert.message, ...alert.details } }];
}

const TITLES = { llm_exceptions: 'LLM API exception', llm_too_slow: 'Slow response', budget_alerts: 'Budget alert' } as const;
const titleOf = ({ type }: Alert): string => TITLES[type];

function receiverAt(url: string, outside: Outside): Receiver {
  return {
    render: () => [],
    async deliver({ body, id }, signal) {
      const { status, text } = await outside.post(url, { 'content-type': 'application/json', 'idempotency-key': id }, body, signal);
      if (status >= 200 && status < 300) return;
      const said = `HTTP ${status}: ${text.slice(0, 200)}`;
      // Slack answers 404 and 410 for a webhook that was taken away.
      throw [400, 403, 404, 410, 413, 422].includes(status) ? new Refused(said) : new Error(said);
    },
    check: async () => {},
    close: async () => {},
  };
}
