// From an environment to CloudFormation templates: in process, offline, without bootstrap and assets.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { type Environment, environmentTags } from '#environment.ts';
import { makeCluster } from './cluster.ts';
import { makeData } from './data.ts';
import { makeEdge } from './edge.ts';
import { makeNetwork } from './network.ts';
import type { PlatformStack } from './platform-stack.ts';

/** One stack, ready for CreateChangeSet with an inline body. */
export interface StackTemplate {
  /** `genai-<environment>-<part>`. */
  readonly name: string;
  readonly part: StackPart;
  /** Minified JSON, below CloudFormation's 51,200 bytes for an inline body. */
  readonly templateBody: string;
  /** Names of stacks that must exist before; they are deleted after. */
  readonly dependsOn: readonly string[];
  readonly capabilities: readonly 'CAPABILITY_IAM'[];
  /** Stack tags; CloudFormation lays them on every resource that takes tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Keys of the outputs that `readStackOutputs` reads. */
  readonly outputs: readonly string[];
}

/** In the order of creation. `edge` is absent with `ingress: ingress`. */
export type StackPart = 'network' | 'data' | 'cluster' | 'edge';

/** The stacks of an environment inside one CDK app. */
export function addStacks(app: App, environment: Environment): readonly PlatformStack[] {
  const network = makeNetwork(app, environment);
  const data = makeData(app, environment, network);
  const cluster = makeCluster(app, environment, network, data);
  const edge = environment.ingress === 'target-group-binding' ? [makeEdge(app, environment, network, cluster)] : [];
  return [network.stack, data.stack, cluster.stack, ...edge];
}

interface Body {
  readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
}

/**
 * The templates of an environment in the order of creation; deletion is the reverse. No network, no clock: equal environments give equal templates.
 * CDK writes its assembly into a folder; it is a temporary one that is gone when this returns.
 */
export function synthesize(environment: Environment): readonly StackTemplate[] {
  const outdir = mkdtempSync(join(tmpdir(), 'genai-synth-'));
  try {
    const app = new App({ outdir, analyticsReporting: false, treeMetadata: false, builtinCloudFormationValidation: false });
    const stacks = addStacks(app, environment);
    const assembly = app.synth();
    return stacks.map((stack) => {
      const body = assembly.getStackByName(stack.stackName).template as Body;
      const hasRoles = Object.values(body.Resources).some(({ Type }) => Type === 'AWS::IAM::Role');
      return {
        name: stack.stackName,
        part: stack.part,
        templateBody: JSON.stringify(body),
        dependsOn: stack.dependencies.map((dependency) => dependency.stackName),
        capabilities: hasRoles ? ['CAPABILITY_IAM'] : [],
        tags: environmentTags(environment),
        outputs: stack.outputKeys,
      };
    });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
