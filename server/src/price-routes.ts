// `prices update` and `prices show` on admin.sock.
import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { PriceRow } from '#prices/port.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import type { PriceList } from './price-list.ts';

export interface PriceRouteParts {
  readonly list: PriceList;
  readonly config: () => GatewayConfig;
}

const MAX_FILE_BYTES = 32 * 1024 * 1024;
const updateBody = z.object({ file: z.unknown(), apply: z.boolean() });

/** Where a price comes from: a deployment of the configuration, or the name itself. */
export interface ShownPrice {
  of: string;
  /** Null = unknown. */
  price: Record<string, string | null> | null;
}

export function addPriceRoutes(app: Hono, { list, config }: PriceRouteParts): void {
  app.post('/prices/update', bodyLimit({ maxSize: MAX_FILE_BYTES }), async (http) => {
    const { file, apply } = updateBody.parse(await http.req.json());
    return http.json(await list.update(file, apply));
  });
  app.get('/prices/show', (http) => {
    const model = http.req.query('model') ?? '';
    const deployments = config().deployments.filter((one) => one.modelName === model || one.id === model);
    const shown: ShownPrice[] = [
      ...deployments.map((one) => ({
        of: `${one.modelName} (${one.providerName}/${one.upstreamModel}, ${one.id})`,
        price: view(list.prices.ofDeployment(one)),
      })),
      { of: model, price: view(list.prices.ofModel(model, new Date())) },
    ];
    const history = list.history(model).map(({ price, validFromMs, validToMs }) => ({
      input: dollarsPerMillion(BigInt(price.input)),
      output: dollarsPerMillion(BigInt(price.output)),
      from: new Date(validFromMs).toISOString(),
      to: validToMs === null ? null : new Date(validToMs).toISOString(),
    }));
    return http.json({ model, prices: shown, history });
  });
}

function view(row: PriceRow | null): Record<string, string | null> | null {
  if (row === null) return null;
  const optional = (picos: bigint | null | undefined): string | null => (picos === null || picos === undefined ? null : dollarsPerMillion(picos));
  return {
    id: row.id,
    input: dollarsPerMillion(row.inputPicos),
    output: dollarsPerMillion(row.outputPicos),
    cachedInput: optional(row.cachedInputPicos),
    cacheCreationInput: optional(row.cacheCreationInputPicos),
  };
}

/** Picos a token are millionths of a dollar a million tokens. */
function dollarsPerMillion(picos: bigint): string {
  const text = String(picos).padStart(7, '0');
  return `${text.slice(0, -6)}.${text.slice(-6)}`.replace(/\.?0+$/, '');
}
