// `down` in a scripted account, from every half-made state: it ends empty, or says truthfully what is left.
import { describe, expect, it } from 'vitest';
import { Crash, FakeCloud } from '#aws/fake/cloud.ts';
import { FakeWorld, type Script } from '#aws/fake/world.ts';
import { LifeError } from './context.ts';
import { down, planDown, sweepAlone } from './down.ts';
import type { LifeCode } from './report.ts';
import { type Scenario, scenario, standing, UP } from './scenario-fixture.ts';
import { up } from './up.ts';

const ALL = { keepData: false };

async function built(script: Script = {}, input: Parameters<typeof scenario>[1] = {}): Promise<Scenario> {
  const made = scenario(script, input);
  await up(made.context, UP);
  made.fake.reset();
  return made;
}

async function expectEmpty({ context, world }: Scenario): Promise<void> {
  const result = await down(context, ALL);
  expect(result.left).toEqual([]);
  expect(result.isEmpty).toBe(true);
  expect(standing(world)).toEqual([]);
}

describe('down', () => {
  it('leaves nothing of an environment that was whole', async () => {
    const made = await built();
    expect(standing(made.world).length).toBeGreaterThan(40);
    await expectEmpty(made);
    expect(made.said.map(({ code }) => code)).toContain('drain.done');
  });

  it('is fine when there is nothing', async () => await expectEmpty(scenario()));

  it('ends empty after a crash at any step of up', async () => {
    const plain = scenario();
    await up(plain.context, UP);
    for (let step = 1; step <= plain.fake.steps; step += 1) {
      const made = scenario({}, {}, new FakeCloud(new FakeWorld({})));
      made.fake.reset({ step, when: step % 2 === 0 ? 'before' : 'after' });
      await expect(up(made.context, UP)).rejects.toBeInstanceOf(Crash);
      made.fake.reset();
      await expectEmpty(made);
    }
  }, 300_000);

  it('ends empty after a crash at any step of down, run again', async () => {
    const script = (): Script => ({ keepsInstanceProfile: true, refillsBucket: true, strays: true });
    const plain = await built(script());
    await down(plain.context, ALL);
    expect(plain.fake.steps).toBeGreaterThan(20);
    for (let step = 1; step <= plain.fake.steps; step += 1) {
      for (const when of ['before', 'after'] as const) {
        const made = await built(script());
        made.fake.reset({ step, when });
        const crashed = await down(made.context, ALL).catch((error: unknown) => error);
        made.fake.reset();
        // Fewer steps than before may be enough when something went by itself.
        if (!(crashed instanceof Crash)) expect(crashed).toMatchObject({ isEmpty: true });
        await expectEmpty(made);
      }
    }
  }, 300_000);

  /** The trouble, what is scripted, and what must have been told on the way. */
  const troubles: [string, Script, LifeCode?][] = [
    ['a node that never goes away', { stuckNode: true }, 'drain.incomplete'],
    ['an instance profile that holds the node role', { keepsInstanceProfile: true }, 'repair.try'],
    ['a bucket that is written to after it was emptied', { refillsBucket: true }, 'bucket.refilled'],
    ['a stack that fails to delete once without a reason', { failDelete: { Cluster: 1, Database: 1 } }, 'stack.delete-failed'],
    ['an API server that does not answer', { apiGone: true }, 'drain.skipped'],
    ['log groups that nobody owns', { strays: true }, 'sweep.removed'],
    ['throttling', { throttleEvery: 3 }],
    ['listings that lag behind', { isLazyList: true }],
    [
      'all of it at once',
      { stuckNode: true, keepsInstanceProfile: true, refillsBucket: true, failDelete: { Vpc: 1 }, strays: true, throttleEvery: 5, isLazyList: true },
    ],
  ];
  for (const [name, script, told] of troubles) {
    it(`ends empty with ${name}`, async () => {
      const { apiGone = false, ...early } = script;
      const made = await built(early);
      made.world.script.apiGone = apiGone;
      await expectEmpty(made);
      if (told !== undefined) expect(made.said.map(({ code }) => code)).toContain(told);
    }, 60_000);
  }

  it('removes what a lost environment left: no stack, no cluster, only things with its tag or in its network', async () => {
    const made = await built({ strays: true });
    made.fake.stacks.all.clear();
    made.fake.clusters.get('genai-dev')?.destroy();
    made.world.drop('genai-dev');
    await expectEmpty(made);
  }, 60_000);

  it('says what is left, and why it cannot say that all is gone, instead of passing', async () => {
    const stuck = await built({ failDelete: { Cache: 99 } });
    const result = await down(stuck.context, ALL);
    expect(result.isEmpty).toBe(false);
    expect(result.stacksLeft).toContain('genai-dev-data');
    const blind = await built({ deniedKind: 'log-group', strays: true });
    const unproved = await down(blind.context, ALL);
    expect(unproved).toMatchObject({ isEmpty: false, left: [], unreadable: [{ kind: 'log-group', reason: 'not authorized' }] });
  }, 60_000);

  it("never touches another environment's things, nor a machine that somebody put into the network", async () => {
    const made = await built();
    const neighbour = scenario({}, { name: 'dev-data' }, made.fake);
    await up(neighbour.context, UP);
    const before = made.world.all().filter(({ tags }) => tags['genai:environment'] === 'dev-data').length;
    const vpcId = made.world.all('vpc').find(({ tags }) => tags['genai:environment'] === 'dev')?.id ?? null;
    made.world.add('instance', 'i-of-somebody', { tags: { Name: 'theirs' }, vpcId, state: 'running' });
    const result = await down(made.context, ALL);
    expect(result.isEmpty).toBe(false);
    expect(result.left.map(({ id }) => id)).toContain('i-of-somebody');
    expect(made.world.items.has('i-of-somebody')).toBe(true);
    expect(made.world.all().filter(({ tags }) => tags['genai:environment'] === 'dev-data')).toHaveLength(before);
    made.world.drop('i-of-somebody');
    expect((await down(made.context, ALL)).isEmpty).toBe(true);
    expect((await up(neighbour.context, UP)).changes).toBe(0);
  }, 60_000);

  it('refuses a stack or a cluster that has the name but not the tag, and changes nothing', async () => {
    const made = await built();
    const stack = made.fake.stacks.all.get('genai-dev-network');
    if (stack !== undefined) stack.tags = {};
    await expect(down(made.context, ALL)).rejects.toMatchObject({ code: 'identity.refused', values: { what: 'stack genai-dev-network' } });
    expect(made.fake.steps).toBe(0);
    const other = await built();
    other.world.patch('genai-dev', { tags: { 'genai:environment': 'another' } });
    await expect(down(other.context, ALL)).rejects.toBeInstanceOf(LifeError);
    expect(other.fake.steps).toBe(0);
  });

  it('plans without changing anything', async () => {
    const made = await built();
    const plan = await planDown(made.context, ALL);
    expect(plan.stacks.map(({ name }) => name)).toEqual(['genai-dev-network', 'genai-dev-data', 'genai-dev-cluster', 'genai-dev-edge']);
    expect(plan.leftovers.left.length).toBeGreaterThan(30);
    expect(made.fake.steps).toBe(0);
  });

  it('keeps data and its volume when asked, lists them, binds them again, and removes them later', async () => {
    const made = await built();
    const volume = made.world.all('volume')[0]?.id ?? '';
    const events = made.world.all('bucket').map(({ id }) => id);
    const result = await down(made.context, { keepData: true });
    expect(result).toMatchObject({ isEmpty: true, stacksKept: ['genai-dev-network', 'genai-dev-data'], left: [] });
    expect(result.kept.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['volume', 'bucket', 'database-cluster', 'nat-gateway']));
    expect(made.world.all('instance')).toEqual([]);
    expect(made.world.objects.get(events[0] ?? '')?.size).toBeGreaterThan(0);
    // A sweep in between leaves them alone.
    expect((await sweepAlone(made.context)).isEmpty).toBe(true);
    await up(made.context, UP);
    expect(made.world.all('volume').map(({ id, state }) => [id, state])).toEqual([[volume, 'in-use']]);
    await expectEmpty(made);
  }, 60_000);
});

describe('sweep alone', () => {
  it('takes what stands without a stack and a cluster', async () => {
    const made = scenario();
    made.world.add('volume', 'vol-lost', { tags: { 'kubernetes.io/cluster/genai-dev': 'owned' }, state: 'available' });
    made.world.add('log-group', '/aws/containerinsights/genai-dev/performance', { tags: {} });
    made.world.add('volume', 'vol-of-others', { tags: { 'kubernetes.io/cluster/genai-dev2': 'owned' }, state: 'available' });
    expect((await sweepAlone(made.context)).isEmpty).toBe(true);
    expect(standing(made.world)).toEqual(['volume vol-of-others']);
  });

  it('leaves a standing environment alone and says so', async () => {
    const made = await built();
    const result = await sweepAlone(made.context);
    expect(result.isEmpty).toBe(false);
    expect(made.fake.steps).toBe(0);
  });
});
