// For tests only: an environment in the fake world, drawn by the real blueprint.
import { FakeCloud } from '#aws/fake/cloud.ts';
import { FakeWorld, type Script } from '#aws/fake/world.ts';
import { type Environment, type EnvironmentInput, readEnvironment } from '#environment.ts';
import { wavesOf } from '#k8s/waves.ts';
import { type StackTemplate, synthesize } from '#stacks/synthesize.ts';
import type { LifeContext } from './context.ts';
import { patient } from './patience.ts';
import type { LifeCode, Progress, Values } from './report.ts';
import type { UpOptions } from './up.ts';

const templates = new Map<string, readonly StackTemplate[]>();

/** Drawing takes 0.1 s; scenarios run hundreds of times. */
function drawn(environment: Environment): readonly StackTemplate[] {
  const key = JSON.stringify(environment);
  const known = templates.get(key) ?? synthesize(environment);
  templates.set(key, known);
  return known;
}

export interface Scenario {
  fake: FakeCloud;
  world: FakeWorld;
  context: LifeContext;
  said: { code: LifeCode; values: Values }[];
  progress: Progress[];
}

export const UP: UpOptions = { providerKeys: { AZURE_API_KEY: 'secret-of-azure' }, budget: { limitUsdPerMonth: 100, email: null }, savedSecrets: {} };

export function scenario(script: Script = {}, input: Partial<EnvironmentInput> = {}, fake: FakeCloud = new FakeCloud(new FakeWorld(script))): Scenario {
  const environment = readEnvironment({ name: 'dev', gateway: 'litellm', observe: 'langfuse', allowedCidrs: ['203.0.113.7/32'], ...input });
  const { world } = fake;
  const said: Scenario['said'] = [];
  const progress: Progress[] = [];
  const context: LifeContext = {
    environment,
    cloud: patient(fake.cloud(), world.clock),
    connect: fake.connect,
    blueprint: { synthesize: drawn, waves: wavesOf },
    clock: world.clock,
    report: { say: (code, values = {}) => said.push({ code, values }), progress: (step) => progress.push(step) },
  };
  return { fake, world, context, said, progress };
}

/** Everything that stands in the account, as `kind id`. */
export const standing = (world: FakeWorld): string[] => [...world.all().map(({ kind, id }) => `${kind} ${id}`), ...world.budgets.keys()];
