// A stack as all of ours are: bootstrapless, tagged, with plain outputs and a stated fate of every resource.
import { type App, BootstraplessSynthesizer, CfnOutput, type CfnResource, type IStackSynthesizer, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib/core';
import { type Environment, environmentTags, stackName } from '#environment.ts';
import type { StackPart } from './synthesize.ts';

/** CDK would write tags that CloudFormation's own schema of these types does not know; the stack's tags reach them all the same. */
const TAGGED_BY_THE_STACK = ['AWS::ElasticLoadBalancingV2::Listener', 'AWS::ElasticLoadBalancingV2::ListenerRule'];

/** What the modules of the stacks share. */
export class PlatformStack extends Stack {
  readonly part: StackPart;
  readonly #outputs: string[] = [];

  constructor(app: App, environment: Environment, part: StackPart, description: string) {
    // CDK's own types disagree under exactOptionalPropertyTypes.
    const synthesizer = new BootstraplessSynthesizer() as IStackSynthesizer;
    super(app, stackName(environment, part), { synthesizer, description, analyticsReporting: false });
    this.part = part;
    for (const [key, value] of Object.entries(environmentTags(environment))) Tags.of(this).add(key, value, { excludeResourceTypes: TAGGED_BY_THE_STACK });
  }

  /** An output under exactly this key (`outputs.ts` reads it). */
  output(key: string, value: string): void {
    new CfnOutput(this, key, { value }).overrideLogicalId(key);
    this.#outputs.push(key);
  }

  get outputKeys(): readonly string[] {
    return this.#outputs;
  }
}

/** Deletes the resource with its stack; said on every one, because CloudFormation's default differs from type to type. */
export function destroyed<Resource extends CfnResource>(resource: Resource): Resource {
  resource.applyRemovalPolicy(RemovalPolicy.DESTROY, { applyToUpdateReplacePolicy: true });
  return resource;
}

/** Deletes the resource with its stack unless `keep` asks for its data to stay: then it is retained, or leaves a snapshot where the type has one. */
export function destroyedUnless<Resource extends CfnResource>(resource: Resource, keep: boolean, how: 'retain' | 'snapshot'): Resource {
  const kept = how === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.SNAPSHOT;
  resource.applyRemovalPolicy(keep ? kept : RemovalPolicy.DESTROY, { applyToUpdateReplacePolicy: true });
  return resource;
}
