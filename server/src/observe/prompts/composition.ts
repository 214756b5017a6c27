// Prompts made of prompts: the tags in a content, and their replacement by what they name (langfuse.md §1.7). Pure but for the look-up that it is given.
import { AppError } from '#lib/errors.ts';

/** One message of a chat prompt, or a placeholder for messages. */
export type ChatEntry = Record<string, unknown>;
export type PromptContent = string | ChatEntry[];

/** Which version of a prompt a tag means. */
export type Selector = { version: number } | { label: string };
export type Dependency = { name: string } & Selector;

/** What the look-up gives. */
export interface Found {
  id: string;
  name: string;
  version: number;
  type: string;
  prompt: PromptContent;
}

export type FindPrompt = (dependency: Dependency) => Promise<Found | null>;

interface GraphNode {
  name: string;
  version: number;
  id: string;
}

export interface ResolutionGraph {
  root: GraphNode;
  dependencies: Record<string, GraphNode[]>;
}

export interface Resolved {
  prompt: PromptContent;
  /** Null when the prompt is made of nothing but itself. */
  graph: ResolutionGraph | null;
}

const TAG = /@@@langfusePrompt:(.*?)@@@/g;
const MAX_DEPTH = 5;
/** A few tags in each of five levels could name gigabytes. */
const MAX_RESOLVED_CHARACTERS = 4_000_000;

/** The prompts that a content names, each once; tags that name nothing are text. */
export function dependenciesOf(content: PromptContent): Dependency[] {
  const found = new Map<string, Dependency>();
  for (const text of textsOf(content)) {
    for (const [, inside] of text.matchAll(TAG)) {
      const dependency = dependencyOf(inside as string);
      if (dependency) found.set(keyOf(dependency), dependency);
    }
  }
  return [...found.values()];
}

function textsOf(content: PromptContent): string[] {
  return typeof content === 'string' ? [content] : content.map((entry) => entry.content).filter((text) => typeof text === 'string');
}

/** `name=X|version=1` or `name=X|label=production`; null for anything else. */
function dependencyOf(inside: string): Dependency | null {
  const match = /^name=([^|]+)\|(?:version=(\d{1,9})|label=([^|]+))$/.exec(inside);
  if (!match) return null;
  const name = match[1] as string;
  return match[2] === undefined ? { name, label: match[3] as string } : { name, version: Number(match[2]) };
}

function keyOf(dependency: Dependency): string {
  return JSON.stringify([dependency.name, 'version' in dependency ? dependency.version : dependency.label]);
}

function named(dependency: Dependency): string {
  return `${dependency.name} - ${'version' in dependency ? `version ${dependency.version}` : `label ${dependency.label}`}`;
}

/** A composition that cannot be resolved; the caller says with which status. */
function broken(message: string): AppError {
  return new AppError(message, { status: 409, code: 'LangfuseConflictError' });
}

/**
 * Replaces every tag by the text of the prompt it names, five levels deep at most.
 * @throws AppError 409 for a missing or chat dependency, a cycle, too many levels, too much text.
 */
export async function resolveContent(root: Found, find: FindPrompt): Promise<Resolved> {
  const direct = dependenciesOf(root.prompt);
  if (direct.length === 0) return { prompt: root.prompt, graph: null };
  const run = new Resolution(root, find);
  const prompt = await run.resolve(root, []);
  return { prompt, graph: { root: nodeOf(root), dependencies: run.dependencies } };
}

function nodeOf({ name, version, id }: Found): GraphNode {
  return { name, version, id };
}

class Resolution {
  readonly dependencies: Record<string, GraphNode[]> = {};
  readonly #root: Found;
  readonly #find: FindPrompt;
  readonly #found = new Map<string, Found | null>();
  readonly #resolved = new Map<string, string>();
  #characters = 0;

  constructor(root: Found, find: FindPrompt) {
    this.#root = root;
    this.#find = find;
  }

  async resolve(parent: Found, path: readonly string[]): Promise<PromptContent> {
    // A version that is being made cannot be named yet, but its name can: a prompt inside its own name is a circle.
    const circular = path.includes(parent.id) || (path.length > 0 && parent.name === this.#root.name);
    if (circular) throw broken(`Circular dependency detected involving prompt '${parent.name}' version ${parent.version}`);
    const wanted = dependenciesOf(parent.prompt);
    if (wanted.length > 0 && path.length >= MAX_DEPTH) throw broken(`Maximum nesting depth exceeded (${MAX_DEPTH})`);
    const texts = new Map<string, string>();
    for (const dependency of wanted) {
      const child = await this.#look(dependency);
      this.#note(parent, child);
      texts.set(keyOf(dependency), await this.#textOf(child, [...path, parent.id]));
    }
    return this.#replaced(parent.prompt, texts);
  }

  async #look(dependency: Dependency): Promise<Found> {
    const key = keyOf(dependency);
    let found = this.#found.get(key);
    if (found === undefined) {
      found = await this.#find(dependency);
      this.#found.set(key, found);
    }
    if (found === null) throw broken(`Prompt dependency not found: ${named(dependency)}`);
    if (typeof found.prompt !== 'string') throw broken(`Prompt dependency is not a text prompt: ${named(dependency)}`);
    return found;
  }

  #note(parent: Found, child: Found): void {
    this.dependencies[parent.id] ??= [];
    const children = this.dependencies[parent.id] as GraphNode[];
    if (!children.some(({ id }) => id === child.id)) children.push(nodeOf(child));
  }

  async #textOf(child: Found, path: readonly string[]): Promise<string> {
    // What lies below a prompt is the same wherever it is used, but how deep it may reach is not.
    const key = `${child.id} ${path.length}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const text = (await this.resolve(child, path)) as string;
    this.#resolved.set(key, text);
    return text;
  }

  #replaced(content: PromptContent, texts: ReadonlyMap<string, string>): PromptContent {
    const replace = (text: string): string =>
      text.replace(TAG, (tag, inside: string) => {
        const dependency = dependencyOf(inside);
        const inserted = dependency === null ? tag : (texts.get(keyOf(dependency)) ?? tag);
        this.#characters += inserted.length;
        if (this.#characters > MAX_RESOLVED_CHARACTERS) throw broken(`The composed prompt is longer than ${MAX_RESOLVED_CHARACTERS} characters.`);
        return inserted;
      });
    if (typeof content === 'string') return replace(content);
    return content.map((entry) => (typeof entry.content === 'string' ? { ...entry, content: replace(entry.content) } : entry));
  }
}
