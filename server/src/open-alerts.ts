// Alerts in this process: what the routes need to reach receivers, and, in the whole platform and in workers, the runner that evaluates rules and sends.
import { createMailer } from '#observe/alerts/mailer.ts';
import type { ReceiverRouteParts } from '#observe/alerts/receiver-routes.ts';
import { startAlerts } from '#observe/alerts/runner.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { askEngine } from './ask-engine.ts';
import { lagOf } from './evaluation.ts';
import type { HouseInput } from './house.ts';
import type { Outgoing } from './outgoing.ts';

/** What the routes of alerts need beside the records. */
export type AlertReach = Omit<ReceiverRouteParts, 'records'>;

export interface Alerts {
  reach: AlertReach;
  close(): Promise<void>;
}

/** Rules are evaluated where judges run: in the whole platform and in workers. */
export async function openAlerts(
  { settings, stores, engine, doors, log }: Pick<HouseInput, 'settings' | 'stores' | 'engine' | 'doors' | 'log'>,
  { egress, sealer }: Pick<Outgoing, 'egress' | 'sealer'>,
  metrics: Metrics,
): Promise<Alerts> {
  const { mail, timezone } = settings;
  const home = settings.consoleUrl ?? (doors.observe || doors.gateway);
  const reach: AlertReach = {
    egress,
    sealer,
    mailer: mail === null ? null : createMailer(mail),
    timeZone: timezone,
    nowMs: Date.now,
    linkOf: (projectId) => `${home.replace(/\/+$/, '')}/ui/alerts?project=${encodeURIComponent(projectId)}`,
  };
  if (engine === null || (settings.role !== 'all' && settings.role !== 'worker')) return { reach, close: async () => {} };
  const { records } = stores;
  const evaluations = metrics.counter({ name: 'genai_alert_evaluations_total', help: 'Evaluations of alert rules by outcome.', labels: ['outcome'] });
  const messages = metrics.counter({ name: 'genai_alert_messages_total', help: 'Attempts to send a message of an alert by outcome.', labels: ['outcome'] });
  const runner = await startAlerts({
    ...reach,
    records,
    ask: (principal, path) => askEngine(engine, principal, path),
    lagMs: () => lagOf(engine, settings.role),
    log,
    count: (what) => (what === 'evaluated' || what === 'not_evaluated' ? evaluations : messages).add(1, what),
  });
  return { reach, close: () => runner.close() };
}
