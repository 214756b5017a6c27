// The shape of a JSON body: every path with the types that stand there. What is said is left out; elements of a list are one.

export type Shape = ReadonlyMap<string, ReadonlySet<string>>;

const DEPTH = 40;

/** `choices[].message.content` -> string. Of several bodies (the chunks of a stream) the union. */
export function shapeOf(bodies: readonly unknown[]): Shape {
  const shape = new Map<string, Set<string>>();
  for (const body of bodies) walk(shape, '', body, DEPTH);
  return shape;
}

function walk(shape: Map<string, Set<string>>, path: string, value: unknown, depth: number): void {
  const types = shape.get(path) ?? new Set<string>();
  shape.set(path, types.add(typeName(value)));
  if (typeof value !== 'object' || value === null || depth === 0) return;
  if (Array.isArray(value)) for (const entry of value) walk(shape, `${path}[]`, entry, depth - 1);
  else for (const [name, member] of Object.entries(value)) walk(shape, path === '' ? name : `${path}.${name}`, member, depth - 1);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

export interface ShapeDifference {
  path: string;
  a: string;
  b: string;
}

/** Paths that only one side has, and paths with types that the other never shows there. Null stands for any type: it is how a server says that there is none. */
export function compareShapes(a: Shape, b: Shape): ShapeDifference[] {
  const found: ShapeDifference[] = [];
  for (const path of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    if (path !== '' && [...found].some((one) => isBelow(path, one.path))) continue;
    const [inA, inB] = [a.get(path), b.get(path)];
    if (inA === undefined || inB === undefined || !mayBeSame(inA, inB)) found.push({ path: path === '' ? '(body)' : path, a: shown(inA), b: shown(inB) });
  }
  return found;
}

/** A member of what is named already says nothing new. */
const isBelow = (path: string, other: string): boolean => path.startsWith(`${other}.`) || path.startsWith(`${other}[]`);

function mayBeSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const withoutNull = (types: ReadonlySet<string>): string[] => [...types].filter((type) => type !== 'null');
  const [one, two] = [withoutNull(a), withoutNull(b)];
  return one.length === 0 || two.length === 0 || one.some((type) => b.has(type));
}

const shown = (types: ReadonlySet<string> | undefined): string => (types === undefined ? '-' : [...types].sort().join('|'));
