// `up` in a scripted account: from nothing, twice, after failures and after a crash at every single step.
import { describe, expect, it } from 'vitest';
import { Crash } from '#aws/fake/cloud.ts';
import { LifeError } from './context.ts';
import { scenario, UP } from './scenario-fixture.ts';
import { up } from './up.ts';

/** What ended it; a test that expects an end fails when there is none. */
async function endOf(work: Promise<unknown>): Promise<LifeError> {
  const error = await work.then(
    () => new Error('it did not end'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LifeError)) throw error;
  return error;
}

describe('up', () => {
  it('makes everything, and twice changes nothing', async () => {
    const { context, world, said } = scenario();
    const first = await up(context, UP);
    expect(first.changes).toBeGreaterThan(100);
    expect(first.urls.gateway).toMatch(/^http:\/\//);
    expect(world.budgets.get('genai-dev')).toBe(100);
    const items = world.all().length;
    const second = await up(context, UP);
    expect(second.changes).toBe(0);
    expect(world.all()).toHaveLength(items);
    expect(said.filter(({ code }) => code === 'stack.unchanged')).toHaveLength(4);
    expect(JSON.stringify(said)).not.toContain('secret-of-azure');
  });

  it('tells what it is at, with the time it took and the time it usually takes', async () => {
    const { context, progress } = scenario();
    await up(context, UP);
    const cluster = progress.filter(({ what }) => what === 'cluster');
    expect(cluster.at(-1)?.detail).toMatch(/_COMPLETE|Cluster/);
    expect(cluster.at(-1)?.elapsedSeconds).toBeGreaterThan(10);
    expect(cluster.at(-1)?.expectedSeconds).toBe(720);
    expect(new Set(progress.map(({ phase }) => phase))).toEqual(new Set(['preflight', 'network', 'data', 'cluster', 'edge', 'secrets', 'wave', 'budget']));
  });

  it('makes migrations before the pods that need them', async () => {
    const { context, said } = scenario();
    await up(context, UP);
    const waves = said.filter(({ code }) => code === 'wave.done').map(({ values }) => values.wave);
    expect(waves).toEqual(['base', 'clickhouse', 'databases', 'migrations', 'services', 'traffic']);
  });

  it('goes on where it stopped after a crash at any step, and ends with the same things', async () => {
    const plain = scenario();
    await up(plain.context, UP);
    const [steps, wanted] = [
      plain.fake.steps,
      plain.world
        .all()
        .map(({ kind }) => kind)
        .toSorted(),
    ];
    expect(steps).toBeGreaterThan(50);
    for (let step = 1; step <= steps; step += 1) {
      for (const when of ['before', 'after'] as const) {
        const { context, fake, world } = scenario();
        fake.reset({ step, when });
        await expect(up(context, UP)).rejects.toBeInstanceOf(Crash);
        fake.reset();
        await up(context, UP);
        expect([
          step,
          when,
          world
            .all()
            .map(({ kind }) => kind)
            .toSorted(),
        ]).toEqual([step, when, wanted]);
        expect((await up(context, UP)).changes).toBe(0);
      }
    }
  }, 300_000);

  it('waits out a service that throttles one call in three', async () => {
    const { context } = scenario({ throttleEvery: 3 });
    expect((await up(context, UP)).changes).toBeGreaterThan(100);
  });

  it('names the resource that failed first, and not those that were cancelled because of it', async () => {
    const reason = 'The maximum number of addresses has been reached.';
    const { context } = scenario({ failCreate: { NatAddress1: { reason, times: 1 } } });
    const error = await endOf(up(context, UP));
    expect(error.code).toBe('stack.failed');
    expect(error.values).toMatchObject({ stack: 'genai-dev-network', resource: 'NatAddress1', type: 'AWS::EC2::EIP', reason });
    // What was made stays, and the next run makes the rest.
    const { changes } = await up(context, UP);
    expect(changes).toBeGreaterThan(50);
  });

  it('removes a stack that was rolled back before it makes a new one', async () => {
    const { context, fake, said } = scenario();
    await up(context, UP);
    const edge = fake.stacks.all.get('genai-dev-edge');
    if (edge !== undefined) edge.status = 'ROLLBACK_COMPLETE';
    await up(context, UP);
    expect(said).toContainEqual({ code: 'stack.removed-first', values: { stack: 'genai-dev-edge', status: 'ROLLBACK_COMPLETE' } });
  });

  it('says why a pod does not get ready, with the end of its log', async () => {
    const { context, said } = scenario({ badImage: 'langfuse-web' });
    const error = await endOf(up(context, UP));
    expect(error.code).toBe('wave.slow');
    expect(error.values).toMatchObject({ wave: 'services', object: 'Deployment/langfuse-web' });
    expect(said).toContainEqual({ code: 'wave.trouble', values: { trouble: 'image', pod: 'langfuse-web-0', detail: 'no such image' } });
    expect(said.filter(({ code }) => code === 'wave.trouble')).toHaveLength(1);
  });

  it('ends at once when a migration fails, before any service is started, and tries it again in the next run', async () => {
    const { context, world, fake } = scenario();
    const { outputs } = await up(scenario().context, UP);
    const waves = context.blueprint.waves(context.environment, outputs, { providerVariables: [] });
    world.script.badImage = waves.find((wave) => wave.name === 'migrations')?.objects[0]?.metadata.name ?? '';
    const error = await endOf(up(context, UP));
    expect(error.code).toBe('wave.failed');
    const cluster = fake.clusters.get('genai-dev');
    expect([...(cluster?.objects.keys() ?? [])].filter((key) => key.startsWith('Deployment/genai-platform/'))).toEqual([]);
    delete world.script.badImage;
    expect((await up(context, UP)).changes).toBeGreaterThan(5);
  });

  it('refuses a closed zone, a full quota and a stack that belongs to somebody else, before it makes anything', async () => {
    const zones = scenario({}, { availabilityZones: ['ap-northeast-1a', 'ap-northeast-1b'] });
    expect((await endOf(up(zones.context, UP))).values).toMatchObject({ closed: 'ap-northeast-1b' });
    const quota = scenario();
    for (let count = 0; count < 5; count += 1) quota.world.add('elastic-ip', `eip-${count}`, { tags: {} });
    expect((await endOf(up(quota.context, UP))).code).toBe('preflight.quota');
    const foreign = scenario();
    await up(foreign.context, UP);
    const data = foreign.fake.stacks.all.get('genai-dev-data');
    if (data !== undefined) data.tags = { 'genai:environment': 'another' };
    expect((await endOf(up(foreign.context, UP))).values).toMatchObject({ what: 'stack genai-dev-data', found: 'another', wanted: 'dev' });
    for (const { fake } of [zones, quota]) expect(fake.steps).toBe(0);
  });

  it('works in the mode ingress, with the address that the cluster made', async () => {
    const { context } = scenario({}, { ingress: 'ingress' });
    expect((await up(context, UP)).urls).toEqual({ gateway: 'http://k8s.elb.test', observe: 'http://k8s.elb.test:3000' });
    expect((await up(context, UP)).changes).toBe(0);
  });
});
