// In which order stacks are made and deleted. Pure.
import type { StackState } from '#aws/stacks/port.ts';
import type { StackTemplate } from '#stacks/synthesize.ts';
import type { LifeContext } from './context.ts';

/** Groups that can be deleted side by side: first what nothing else depends on. Stacks that no template names (of another version) go first, alone. */
export function deletionRounds({ blueprint, environment }: Pick<LifeContext, 'blueprint' | 'environment'>, stacks: readonly StackState[]): StackState[][] {
  const templates = blueprint.synthesize(environment);
  const unknown = stacks.filter((stack) => !templates.some((template) => template.name === stack.name));
  const rounds: StackState[][] = unknown.toReversed().map((stack) => [stack]);
  let open = stacks.filter((stack) => !unknown.includes(stack));
  while (open.length > 0) {
    const free = open.filter((stack) => !open.some((other) => dependsOn(templates, other.name, stack.name)));
    // A circle cannot be in valid templates; the last one then simply goes first.
    const round = free.length > 0 ? free : open.slice(-1);
    rounds.push(round);
    open = open.filter((stack) => !round.includes(stack));
  }
  return rounds;
}

/** Whether `name` needs `needed`, also through others. */
function dependsOn(templates: readonly StackTemplate[], name: string, needed: string, seen: readonly string[] = []): boolean {
  const direct = templates.find((template) => template.name === name)?.dependsOn ?? [];
  return direct.includes(needed) || direct.some((next) => !seen.includes(next) && dependsOn(templates, next, needed, [...seen, next]));
}
