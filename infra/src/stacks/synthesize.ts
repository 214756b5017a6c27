// From an environment to CloudFormation templates: in process, offline, without bootstrap and assets.
import type { Environment } from '#environment.ts';

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
  /** Keys of the outputs. */
  readonly outputs: readonly string[];
}

/** In the order of creation. */
export type StackPart = 'network' | 'data' | 'cluster' | 'edge';

/** The templates of an environment in the order of creation; deletion is the reverse. Pure: no network, no file, no clock. */
export function synthesize(_environment: Environment): readonly StackTemplate[] {
  return [];
}
