// Prompts, version by version from the oldest, so that each gets the number that it had.
import { Refused } from './api.ts';
import { type CopyRun, countOf, refuse } from './run.ts';
import { isSame, pick } from './same.ts';

interface PromptVersion {
  name: string;
  version: number;
  type: string;
  prompt: unknown;
  config: unknown;
  labels: string[];
  tags: string[];
  commitMessage: string | null;
}

const CONTENT = ['type', 'prompt', 'config', 'commitMessage'];

interface Pending {
  name: string;
  /** Versions that are still to be copied, oldest first. */
  versions: number[];
}

export async function copyPrompts(run: CopyRun): Promise<void> {
  let waiting: Pending[] = [];
  for await (const { data } of run.source.pages<Pending>('/v2/prompts')) {
    waiting.push(...data.map(({ name, versions }) => ({ name, versions: [...versions].sort((one, two) => one - two) })));
  }
  const total = waiting.length;
  // A prompt that is composed of others waits until they are there.
  for (let before = -1; waiting.length > 0 && versionsOf(waiting) !== before; ) {
    before = versionsOf(waiting);
    for (const pending of waiting) await copyPrompt(run, pending);
    waiting = waiting.filter(({ versions }) => versions.length > 0);
    run.onProgress('prompt', total - waiting.length, total);
  }
  for (const { name } of waiting) refuse(run, 'prompt', name, 'dependency');
}

const versionsOf = (waiting: readonly Pending[]): number => waiting.reduce((sum, { versions }) => sum + versions.length, 0);

/** Takes off what is done; ends early at a version that must wait for another prompt. */
async function copyPrompt(run: CopyRun, { name, versions }: Pending): Promise<void> {
  const counts = countOf(run, 'prompt');
  for (let version = versions[0]; version !== undefined; version = versions[0]) {
    const wanted = await readVersion(run.source, name, version);
    const known = wanted === null ? null : await readVersion(run.target, name, version);
    if (wanted !== null) {
      if (known !== null && !isSame(pick(known, CONTENT), pick(wanted, CONTENT))) refuse(run, 'prompt', `${name} ${version}`, 'exists');
      else if (known !== null) counts.unchanged += 1;
      else if (!(await bring(run, wanted))) return;
      counts.read += 1;
    }
    versions.shift();
  }
}

/** False when it must wait. */
async function bring(run: CopyRun, wanted: PromptVersion): Promise<boolean> {
  const made = run.apply ? await create(run, wanted) : wanted;
  if (made === null) return false;
  countOf(run, 'prompt').new += 1;
  // Versions that were deleted there leave a gap that the API cannot make.
  if (made.version !== wanted.version) run.findings.push({ kind: 'prompt', name: `${wanted.name} ${wanted.version}`, reason: `version-is-${made.version}` });
  return true;
}

async function create(run: CopyRun, wanted: PromptVersion): Promise<PromptVersion | null> {
  const body = { name: wanted.name, ...pick(wanted, CONTENT), labels: wanted.labels.filter((label) => label !== 'latest'), tags: wanted.tags };
  try {
    return await run.target.send<PromptVersion>('POST', '/v2/prompts', body);
  } catch (error) {
    if (error instanceof Refused && error.status === 400 && JSON.stringify(wanted.prompt).includes('@@@langfusePrompt:')) return null;
    throw error;
  }
}

function readVersion(api: CopyRun['source'], name: string, version: number): Promise<PromptVersion | null> {
  return api.get<PromptVersion>(`/v2/prompts/${encodeURIComponent(name)}?version=${version}&resolve=false`);
}
