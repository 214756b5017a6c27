// Datasets, runs and experiments by both generations of the Langfuse clients against a started process.
import { LangfuseClient } from '@langfuse/client';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { Langfuse } from 'langfuse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
const options = () => ({ publicKey: platform.keys.publicKey, secretKey: platform.keys.secretKey, baseUrl: platform.observeUrl });
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform?.stop());

describe('datasets of langfuse 3.x', () => {
  it('are created, filled, fetched whole and run', async () => {
    const client = new Langfuse({ ...options(), flushAt: 1 });
    await client.createDataset({ name: 'folder/old', description: 'd', metadata: { team: 'a' } });
    for (const question of ['一', '二'])
      await client.createDatasetItem({ datasetName: 'folder/old', id: `old-${question}`, input: { question }, expectedOutput: question });
    const dataset = await client.getDataset('folder/old');
    expect(dataset.items.map((item) => item.input)).toEqual([{ question: '二' }, { question: '一' }]);
    for (const item of dataset.items) {
      const root = client.trace({ name: 'old-run', input: item.input });
      const generation = root.generation({ name: 'answer', output: item.expectedOutput });
      generation.end();
      await item.link(generation, 'first run', { description: 'by link', metadata: { model: 'm' } });
    }
    await client.flushAsync();
    const run = await client.getDatasetRun({ datasetName: 'folder/old', runName: 'first run' });
    expect(run).toMatchObject({ name: 'first run', description: 'by link', metadata: { model: 'm' } });
    expect(run.datasetRunItems).toHaveLength(2);
    expect((await client.getDatasetRuns('folder/old')).data.map((item) => item.name)).toEqual(['first run']);
    await client.shutdownAsync();
  });
});

describe('experiments of @langfuse/client 5.x', () => {
  it('run over a dataset: traces, run items, scores of items and of the run', async () => {
    const processor = new LangfuseSpanProcessor({ ...options(), exportMode: 'immediate' });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
    const client = new LangfuseClient(options());
    await client.api.datasets.create({ name: 'new', inputSchema: { type: 'string' } });
    for (const input of ['a', 'b', 'c'])
      await client.api.datasetItems.create({ datasetName: 'new', id: `new-${input}`, input, expectedOutput: input.toUpperCase() });
    await expect(client.api.datasetItems.create({ datasetName: 'new', input: 7 })).rejects.toMatchObject({ statusCode: 400 });
    const dataset = await client.dataset.get('new', { fetchItemsPageSize: 2 });
    expect(dataset.items).toHaveLength(3);
    const result = await dataset.runExperiment({
      name: 'upper',
      runName: 'upper 1',
      description: 'all letters',
      task: async (item) => String(item.input).toUpperCase(),
      evaluators: [async ({ output, expectedOutput }) => ({ name: 'exact', value: output === expectedOutput ? 1 : 0 })],
      runEvaluators: [async ({ itemResults }) => ({ name: 'share', value: itemResults.length / 3 })],
    });
    expect(result.itemResults.map((item) => item.output).sort()).toEqual(['A', 'B', 'C']);
    await processor.forceFlush();
    await provider.shutdown();
    trace.disable();
    await client.flush();

    const run = (await observe(platform, `/api/public/datasets/new/runs/${encodeURIComponent('upper 1')}`)).body as unknown as {
      id: string;
      datasetRunItems: { traceId: string }[];
    };
    expect(run.id).toBe(result.datasetRunId);
    expect(run.datasetRunItems).toHaveLength(3);
    const ofRun = await eventually('the score of the run', async () => {
      const found = (await observe(platform, `/api/public/v2/scores?datasetRunId=${run.id}`)).body as unknown as { data: Record<string, unknown>[] };
      return found.data?.length === 1 ? found.data : null;
    });
    expect(ofRun).toMatchObject([{ name: 'share', value: 1, datasetRunId: run.id }]);
    const traceId = run.datasetRunItems[0]?.traceId ?? '';
    const stored = await eventually('a trace of the run with its score', async () => {
      const found = (await observe(platform, `/api/public/traces/${traceId}`)).body as unknown as { environment: string; scores: { name: string }[] };
      return found.scores?.length === 1 ? found : null;
    });
    expect([stored.environment, stored.scores[0]?.name]).toEqual(['sdk-experiment', 'exact']);
    const page = await fetch(`${platform.observeUrl}${new URL(result.datasetRunUrl ?? '').pathname}`);
    expect([200, 503]).toContain(page.status);
    const since = { fromStartTime: new Date(Date.now() - 3_600_000).toISOString() };
    const experiments = await client.api.experiments.list({ ...since, name: 'upper 1', fields: 'core,scores' });
    expect(experiments.data).toMatchObject([{ id: run.id, description: 'all letters', itemCount: 3, scores: [{ name: 'share', value: 1 }] }]);
    const items = await client.api.experiments.listItems({ ...since, experimentId: run.id, fields: 'core,io,scores' });
    const answers = items.data.map((item) => [item.experimentItemId, item.input, item.output, item.expectedOutput]);
    expect(answers.sort()).toEqual(['a', 'b', 'c'].map((input) => [`new-${input}`, input, input.toUpperCase(), input.toUpperCase()]));
    await expect(client.api.experiments.list({ fromStartTime: 'yesterday' })).rejects.toMatchObject({ statusCode: 400 });
    await client.api.datasets.deleteRun('new', 'upper 1');
    await expect(client.api.datasets.getRun('new', 'upper 1')).rejects.toMatchObject({ statusCode: 404 });
  });
});
