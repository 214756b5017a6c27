// `gate`: fails a pipeline when a dataset run is too low, or lower than its baseline beyond chance. Exit code 0 passed, 1 failed, 2 wrong use, 3 could not be checked.
import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '#command.ts';
import { doorOptions, readDoors } from '#doors.ts';
import { type Comparison, type Demand, judgeRun, parseDemand } from '#gate/judge.ts';
import { call } from '#http.ts';
import { renderTable } from '#table.ts';

const OPTIONS = {
  ...doorOptions,
  dataset: { type: 'string' },
  run: { type: 'string' },
  baseline: { type: 'string' },
  min: { type: 'string', multiple: true },
  max: { type: 'string', multiple: true },
  'no-worse': { type: 'string', multiple: true },
} as const;

export const gate: Command = async (context) => {
  const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
  const { io } = context;
  const demands = [
    ...(values.min ?? []).map((text) => parseDemand('min', text)),
    ...(values.max ?? []).map((text) => parseDemand('max', text)),
    ...(values['no-worse'] ?? []).map((text) => parseDemand('no-worse', text)),
  ];
  const wrong = demands.find((demand) => demand === null) !== undefined;
  const needsBaseline = (values['no-worse'] ?? []).length > 0 && values.baseline === undefined;
  if (!values.dataset || !values.run || demands.length === 0 || wrong || needsBaseline) {
    io.notify('gate.usage');
    return 2;
  }
  const comparison = await read(context, values as { dataset: string; run: string; baseline?: string });
  if (comparison === null) return 3;
  return report(context, comparison, demands as Demand[]);
};

interface Answer {
  metrics: Comparison[];
  items: { run: number; baseline: number | null };
}

async function read(context: CommandContext, asked: { dataset: string; run: string; baseline?: string } & Record<string, unknown>): Promise<Answer | null> {
  const doors = await readDoors(context, asked as Parameters<typeof readDoors>[1]);
  const { env, io } = context;
  const publicKey = doors.publicKey ?? env.LANGFUSE_PUBLIC_KEY ?? null;
  const secretKey = doors.secretKey ?? env.LANGFUSE_SECRET_KEY ?? null;
  if (publicKey === null || secretKey === null) {
    io.notify('gate.no-keys');
    return null;
  }
  const query = new URLSearchParams({
    datasetName: asked.dataset,
    runName: asked.run,
    ...(asked.baseline === undefined ? {} : { baselineRunName: asked.baseline }),
  });
  const authorization = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`;
  try {
    const answer = await call(`${doors.observeUrl}/api/public/unstable/experiment-comparison?${query}`, { headers: { authorization }, timeoutMs: 120_000 });
    if (answer.status === 200) return answer.json as Answer;
    const said = (answer.json as { message?: string } | undefined)?.message ?? answer.text.slice(0, 300);
    io.notify('gate.refused', { status: answer.status, reason: said });
  } catch (error) {
    io.notify('gate.refused', { status: 0, reason: (error as Error).message });
  }
  return null;
}

function report({ io }: CommandContext, comparison: Answer, demands: readonly Demand[]): number {
  const verdicts = demands.map((demand) => judgeRun(demand, comparison.metrics));
  const passed = verdicts.every((verdict) => verdict.passed);
  const number = (value: number | undefined): string => (value === undefined ? '–' : String(Math.round(value * 10_000) / 10_000));
  const rows = verdicts.map(({ demand, metric, passed: good }) => [
    good ? io.text('gate.passed') : io.text('gate.failed'),
    `${demand.name} ${demand.kind === 'min' ? '≥' : demand.kind === 'max' ? '≤' : '≮'} ${demand.kind === 'no-worse' ? io.text('gate.baseline') : demand.value}`,
    metric === null ? io.text('gate.absent') : `${number(metric.run.mean)} [${number(metric.run.low)}, ${number(metric.run.high)}]`,
    metric?.difference ? `${number(metric.difference.mean)} [${number(metric.difference.low)}, ${number(metric.difference.high)}]` : '–',
    metric === null ? '0' : String(metric.run.n),
  ]);
  const header = [
    io.text('gate.header-result'),
    io.text('gate.header-demand'),
    io.text('gate.header-mean'),
    io.text('gate.header-difference'),
    io.text('gate.header-items'),
  ];
  io.result({ passed, items: comparison.items, verdicts }, `${renderTable(header, rows)}\n\n${io.text(passed ? 'gate.good' : 'gate.bad')}`);
  return passed ? 0 : 1;
}
