// Which event of a stack names the cause of its failure?
import type { StackEvent } from '#aws/stacks/port.ts';

/** The first resource that failed by itself; those that were only cancelled because of it say nothing. */
export function firstFailure(events: readonly StackEvent[]): StackEvent | null {
  const failed = events.filter((event) => event.status.endsWith('_FAILED') && event.resourceType !== 'AWS::CloudFormation::Stack');
  return failed.find((event) => !/cancelled/i.test(event.reason ?? '')) ?? failed[0] ?? null;
}
