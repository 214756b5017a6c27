// The price list of this process: the bundled table under what `prices update` has brought into the records, which every process hears of at once.

import { AppError } from '#lib/errors.ts';
import { ListedPrices, type ListedRow } from '#prices/listed.ts';
import { readPriceFile } from '#prices/litellm-list.ts';
import { createPrices } from '#prices/model-prices.ts';
import type { Prices } from '#prices/port.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';

const CHANNEL = 'genai_prices';

export interface PriceUpdate {
  applied: boolean;
  models: number;
  new: number;
  changed: number;
  unchanged: number;
  withoutTokenPrice: number;
  faults: { model: string; reason: string }[];
}

export interface PriceList {
  readonly prices: Prices;
  /** Puts a price file into the records from now on. @throws AppError 400 when it is none. */
  update(file: unknown, apply: boolean): Promise<PriceUpdate>;
  /** What was listed for a name, oldest first. */
  history(model: string): readonly ListedRow[];
  close(): Promise<void>;
}

/** Reads what is listed and follows changes. @throws when the records are away. */
export async function openPriceList(records: Records, log: Pick<Log, 'warn'>): Promise<PriceList> {
  const onError = (error: unknown): void => log.warn('listed prices could not be read again; those known so far stay', { error });
  let listed = new ListedPrices(await readRows(records));
  const list = createPrices(Date.now, () => listed);
  const read = async (): Promise<void> => {
    listed = new ListedPrices(await readRows(records));
    list.changed();
  };
  const stop = await records.listen(
    CHANNEL,
    () => void read().catch(onError),
    () => void read().catch(onError),
  );
  return {
    prices: list,
    async update(file, apply) {
      const done = await updateRows(records, file, apply);
      if (apply) await read();
      return done;
    },
    history: (model) => listed.history(model),
    close: stop,
  };
}

interface StoredRow {
  model: string;
  provider: string;
  price: ListedRow['price'];
  valid_from: Date;
  valid_to: Date | null;
}

async function readRows(records: Records): Promise<ListedRow[]> {
  const rows = await records.query<StoredRow>(sql`SELECT model, provider, price, valid_from, valid_to FROM listed_prices ORDER BY model, valid_from`);
  return rows.map(({ model, provider, price, valid_from: from, valid_to: to }) => ({
    ...{ model, provider, price },
    validFromMs: from.getTime(),
    validToMs: to?.getTime() ?? null,
  }));
}

/** A price that changed ends where the new one begins. What a newer file no longer lists stays: somebody may still call it. */
async function updateRows(records: Records, file: unknown, apply: boolean): Promise<PriceUpdate> {
  const { models, withoutTokenPrice, faults } = parse(file);
  return await records.transaction(async (session) => {
    await session.query(sql`LOCK TABLE listed_prices IN SHARE ROW EXCLUSIVE MODE`);
    const offered = JSON.stringify(models);
    const [counts] = await session.query<{ new: string; changed: string }>(sql`
      SELECT count(*) FILTER (WHERE l.model IS NULL) AS new, count(*) FILTER (WHERE l.price <> r.price OR l.provider <> r.provider) AS changed
      FROM jsonb_to_recordset(${offered}::jsonb) AS r(model text, provider text, price jsonb) LEFT JOIN listed_prices l ON l.model = r.model AND l.valid_to IS NULL`);
    const [added, changed] = [Number(counts?.new ?? 0), Number(counts?.changed ?? 0)];
    if (apply && added + changed > 0) {
      await session.query(sql`
        UPDATE listed_prices l SET valid_to = now() FROM jsonb_to_recordset(${offered}::jsonb) AS r(model text, provider text, price jsonb)
        WHERE l.model = r.model AND l.valid_to IS NULL AND (l.price <> r.price OR l.provider <> r.provider)`);
      await session.query(sql`
        INSERT INTO listed_prices (model, provider, price) SELECT r.model, r.provider, r.price
        FROM jsonb_to_recordset(${offered}::jsonb) AS r(model text, provider text, price jsonb)
        WHERE NOT EXISTS (SELECT 1 FROM listed_prices l WHERE l.model = r.model AND l.valid_to IS NULL)`);
      await session.query(sql`SELECT pg_notify(${CHANNEL}, '')`);
    }
    return { applied: apply, models: models.length, new: added, changed, unchanged: models.length - added - changed, withoutTokenPrice, faults };
  });
}

function parse(file: unknown): ReturnType<typeof readPriceFile> {
  try {
    return readPriceFile(file);
  } catch (error) {
    throw new AppError(`This is not LiteLLM's price file: ${(error as Error).message}.`, { status: 400, code: 'bad_price_file' });
  }
}
