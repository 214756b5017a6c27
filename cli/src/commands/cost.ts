// `cost`: the bill part by part, with the source of each price. Offline.
import { parseArgs } from 'node:util';
import { partsTable, waysTable } from '#aws/bill-table.ts';
import { environmentOf } from '#aws/environment.ts';
import { AWS_FLAGS } from '#aws/flags.ts';
import { infra } from '#aws/infra.ts';
import { runAws } from '#aws/run.ts';
import type { Command } from '#command.ts';

export const cost: Command = async (context) =>
  await runAws(context, async () => {
    const { io } = context;
    const { values } = parseArgs({ args: [...context.argv], options: AWS_FLAGS });
    const environment = await environmentOf(context, values, { products: 'assume', needsAddress: false });
    const { billOf, seedBill } = await infra(() => import('@genai/infra/bill/bill'));
    const { ratesOf } = await infra(() => import('@genai/infra/bill/rates'));
    const rates = ratesOf(environment.region);
    const [bill, seed] = [billOf(environment, rates), seedBill(rates)];
    const human = [
      io.text('bill.title', { title: bill.title, region: environment.region }),
      '',
      partsTable(io, bill),
      '',
      io.text('bill.title', { title: seed.title, region: environment.region }),
      '',
      partsTable(io, seed),
      '',
      waysTable(io, bill, seed),
    ];
    io.result({ bill, seed }, human.join('\n'));
    return 0;
  });
