// `status`: how the environment on AWS does; exit code 1 when something is not well, expired, or belongs to nobody.
import { parseArgs } from 'node:util';
import type { Status } from '@genai/infra/life/status';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { money } from '#aws/money.ts';
import { type OpenLife, openAws, runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';
import { renderTable } from '#table.ts';

export const statusWith =
  (open: OpenLife): Command =>
  async (context) =>
    await runAws(context, async (signal) => {
      const { io } = context;
      const { values } = parseArgs({ args: [...context.argv], options: AWS_FLAGS });
      const environment = await environmentOf(context, values, { products: 'any', needsAddress: false });
      const { statusOf } = await infra(() => import('@genai/infra/life/status'));
      const status = await statusOf(await open(environment, context, signal));
      const isEmpty = status.stacks.length === 0;
      const human = isEmpty ? [io.text('status.none', { name: environment.name, region: environment.region })] : render(io, status);
      const isGood = isWell(status);
      io.result({ good: isGood, environment: environment.name, region: environment.region, ...status }, [...human, ...warnings(io, status)].join('\n'));
      return isGood ? 0 : 1;
    });

export const status: Command = statusWith(openAws);

function isWell({ stacks, pods, targets, isExpired, leftovers, unreadable }: Status): boolean {
  if (isExpired || leftovers.length > 0 || unreadable.length > 0) return false;
  if (stacks.length === 0) return true;
  const goodStacks = stacks.every((stack) => /^(CREATE|UPDATE|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status));
  return goodStacks && (pods?.every((pod) => pod.isReady) ?? false) && targets.every((target) => target.state === 'healthy');
}

function render(io: Io, found: Status): string[] {
  const { stacks, pods, clusterNote, targets, stores, troubles } = found;
  const lines = [
    renderTable(
      [io.text('plan.stack'), io.text('plan.state')],
      stacks.map((stack) => [stack.name, stack.status]),
    ),
  ];
  if (pods === null) lines.push('', io.text('status.no-pods', { reason: clusterNote }));
  else {
    const header = [io.text('status.pods'), io.text('status.phase'), io.text('plan.state'), io.text('status.restarts')];
    lines.push(
      '',
      renderTable(
        header,
        pods.map((pod) => [pod.name, pod.phase, pod.isReady ? 'ready' : 'NOT READY', String(pod.restarts)]),
      ),
    );
  }
  lines.push(...troubles.map((trouble) => `  ${trouble.pod}: ${io.text(`trouble.${trouble.code}` as MessageCode)}: ${trouble.detail}`));
  if (targets.length > 0)
    lines.push(
      '',
      renderTable(
        [io.text('status.targets'), 'IP', io.text('plan.state')],
        targets.map((target) => [target.door, target.id, target.state]),
      ),
    );
  lines.push(
    '',
    renderTable(
      [io.text('status.stores'), io.text('status.name'), io.text('plan.state')],
      stores.map((store) => [store.kind, store.id, store.state || '-']),
    ),
    '',
  );
  if (found.ageHours !== null && found.costSoFar !== null)
    lines.push(io.text('status.age', { hours: found.ageHours.toFixed(1), cost: money(found.costSoFar) }));
  return lines;
}

function warnings(io: Io, { expiresAt, isExpired, leftovers, stacks, unreadable }: Status): string[] {
  const lines: string[] = [];
  if (expiresAt !== null) lines.push(io.text(isExpired ? 'status.expired' : 'up.expiry', { at: expiresAt.toISOString() }));
  else if (stacks.length > 0) lines.push(io.text('up.no-expiry'));
  if (leftovers.length > 0) lines.push(io.text('status.leftovers', { count: leftovers.length }), ...leftovers.map((item) => `  ${item.kind} ${item.id}`));
  if (unreadable.length > 0) lines.push(io.text('down.unreadable', { kinds: unreadable.map(({ kind }) => kind).join(', ') }));
  return lines;
}
