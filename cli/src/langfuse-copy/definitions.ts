// Score configs and models of a project. The API gives them ids of its own, so they are known again by what they say.
import { type CopyRun, countOf, refuse } from './run.ts';
import { isSame, pick } from './same.ts';

type Row = Record<string, unknown> & { id: string };

async function all(pages: AsyncGenerator<{ data: Row[]; total: number }>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { data } of pages) rows.push(...data);
  return rows;
}

const CONFIG_FIELDS = ['name', 'dataType', 'minValue', 'maxValue', 'categories', 'description'];

export async function copyScoreConfigs(run: CopyRun): Promise<void> {
  const counts = countOf(run, 'score-config');
  const here = await all(run.target.pages('/score-configs'));
  for (const config of await all(run.source.pages('/score-configs'))) {
    counts.read += 1;
    const known = here.find((one) => isSame(pick(one, CONFIG_FIELDS), pick(config, CONFIG_FIELDS)) && one.isArchived === config.isArchived);
    if (known !== undefined) {
      run.configIds.set(config.id, known.id);
      counts.unchanged += 1;
      continue;
    }
    if (!run.apply) {
      counts.new += 1;
      continue;
    }
    const fields = pick(config, config.dataType === 'BOOLEAN' ? CONFIG_FIELDS.filter((name) => name !== 'categories') : CONFIG_FIELDS);
    const made = await run.target.send<Row>('POST', '/score-configs', fields);
    if (config.isArchived === true) await run.target.send('PATCH', `/score-configs/${made.id}`, { isArchived: true });
    run.configIds.set(config.id, made.id);
    counts.new += 1;
  }
  run.onProgress('score-config', counts.read, counts.read);
}

const MODEL_FIELDS = ['modelName', 'matchPattern', 'startDate', 'unit', 'tokenizerId', 'tokenizerConfig'];

export async function copyModels(run: CopyRun): Promise<void> {
  const counts = countOf(run, 'model');
  const own = (rows: Row[]): Row[] => rows.filter(({ isLangfuseManaged }) => isLangfuseManaged !== true);
  const here = own(await all(run.target.pages('/models')));
  for (const model of own(await all(run.source.pages('/models')))) {
    counts.read += 1;
    const wanted = { ...pick(model, MODEL_FIELDS), ...pricesOf(model) };
    const known = here.find(
      ({ modelName, matchPattern, startDate }) => modelName === model.modelName && matchPattern === model.matchPattern && isSame(startDate, model.startDate),
    );
    if (known !== undefined) {
      if (isSame({ ...pick(known, MODEL_FIELDS), ...pricesOf(known) }, wanted)) counts.unchanged += 1;
      else refuse(run, 'model', String(model.modelName), 'exists');
      continue;
    }
    if (run.apply) await run.target.send('POST', '/models', wanted);
    counts.new += 1;
  }
  run.onProgress('model', counts.read, counts.read);
}

/** Tiers without the ids that the server gave them; older servers only know one price a direction. */
function pricesOf(model: Row): Record<string, unknown> {
  const tiers = model.pricingTiers;
  if (!Array.isArray(tiers) || tiers.length === 0) return pick(model, ['inputPrice', 'outputPrice', 'totalPrice']);
  return { pricingTiers: tiers.map((tier) => pick(tier as object, ['name', 'isDefault', 'priority', 'conditions', 'prices'])) };
}
