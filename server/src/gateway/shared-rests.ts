// Which deployments rest, told between the processes of one gateway: what one found out the hard way, the others need not.
import type { GatewayDeps } from './deps.ts';
import type { Snapshot } from './snapshot.ts';
import type { Target } from './target.ts';

const TOPIC = 'rests';

/** Tells the other processes how long a deployment rests; nobody waits for it. */
export function tellRest(target: Target, { coordination }: Pick<GatewayDeps, 'coordination'>): void {
  if (!coordination.accounts.shared) return;
  void coordination.news.tell(TOPIC, JSON.stringify({ id: target.deployment.id, untilMs: target.health.restsUntilMs() }));
}

/** Lets the deployments of the current snapshot rest as others say. @returns how to stop listening. */
export function hearRests(snapshot: () => Snapshot, { coordination, clock }: Pick<GatewayDeps, 'coordination' | 'clock'>): () => void {
  return coordination.news.hear(TOPIC, (message) => {
    const rest = parse(message);
    if (rest === null) return;
    for (const { targets } of snapshot().groups.values()) {
      for (const target of targets) if (target.deployment.id === rest.id) target.health.restUntil(rest.untilMs, clock.nowMs());
    }
  });
}

function parse(message: string): { id: string; untilMs: number } | null {
  try {
    const { id, untilMs } = JSON.parse(message) as { id: unknown; untilMs: unknown };
    return typeof id === 'string' && typeof untilMs === 'number' ? { id, untilMs } : null;
  } catch {
    return null;
  }
}
